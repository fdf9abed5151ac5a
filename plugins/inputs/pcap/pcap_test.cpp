#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "catch.hpp"
#include "config.hpp"
#include "packet/frame.hpp"
#include "recorded_packets.hpp"
#include "trafficd/testing/bench.hpp"

extern "C" const trafficd::PluginDescriptor* trafficd_input_pcap();

namespace trafficd::pcap_input {
namespace {

using namespace std::chrono_literals;
using testing::Bench;

/// What the configuration is refused with.
std::string fault(const std::string& yaml) {
  try {
    const Bench bench(*trafficd_input_pcap(), yaml);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::filesystem::path save(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

/// Field values of the samples of `capture`, with their times in seconds.
std::vector<std::pair<std::int64_t, std::uint64_t>> packets(const Batch& batch) {
  std::vector<std::pair<std::int64_t, std::uint64_t>> all;
  for (const Sample& sample : batch)
    if (sample.series->measurement().name() == "capture")
      all.emplace_back(std::chrono::floor<std::chrono::seconds>(sample.time).time_since_epoch().count(),
                       sample.values[0].as_unsigned());
  return all;
}

/// A capture whose packets have these times, in seconds after the first of all captures.
std::string stamped(const std::filesystem::path& folder, const std::vector<std::int64_t>& times) {
  std::string content = capture(folder, static_cast<int>(times.size()), PCAP_TSTAMP_PRECISION_MICRO);
  constexpr std::size_t file_header = 24, record = 16 + 96;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto second = static_cast<std::uint32_t>(first_second + times[i]);
    std::memcpy(&content[file_header + i * record], &second, sizeof second);
  }
  return content;
}

constexpr std::int64_t day = 86'400, far_away = 5'000 * day;

}  // namespace

TEST_CASE("pcap: packets come from somewhere, and from one kind of place") {
  CHECK(holds(fault("{}"), "say where the packets come from"));
  CHECK(holds(fault("{ interface: eth0, file: a.pcap }"), "either 'interface' or 'file'"));
  CHECK(holds(fault("interface: [ eth0, eth0 ]"), "names 'eth0' twice"));
  CHECK(holds(fault("file: [ '-', '-' ]"), "standard input can be read once"));
  CHECK(fault("interface: [ eth0, eth1 ]") == "accepted");
}

TEST_CASE("pcap: a filter and gateways are looked at before anything is opened") {
  CHECK(holds(fault("{ interface: eth0, filter: 'tcp prot 1' }"), "filter: "));
  CHECK(holds(fault("{ interface: eth0, gateways: [ '02:00:00:00:00' ] }"), "no hardware address"));
  CHECK(holds(fault("{ interface: eth0, gateways: [ '02:00:00:00:00:0g' ] }"), "no hardware address"));
  CHECK(fault("{ interface: eth0, gateways: [ '02-00-00-00-00-0a', '02:00:00:00:00:0B' ] }") == "accepted");
}

TEST_CASE("pcap: http is on where its block is, and then packets are kept whole unless somebody says otherwise") {
  const auto series = [](const std::string& yaml) { return Bench(*trafficd_input_pcap(), yaml).host().series_held(); };
  const std::int64_t without = series("interface: eth0");
  CHECK(series("{ interface: eth0, http: {} }") == without + 6);
  CHECK(series("{ interface: eth0, http: { ports: 8000 } }") == without + 6);
  CHECK(holds(fault("{ interface: eth0, http: { ports: [] } }"), "names nothing"));
  CHECK(holds(fault("{ interface: eth0, http: { ports: [ 80, 70000 ] } }"), "70000 is no port"));
  Config config;
  CHECK(live_settings(config, "eth0").snap_length == 128);
  config.http.on = true;
  CHECK(live_settings(config, "eth0").snap_length == 262'144);
  config.snap_length = 1000;
  CHECK(live_settings(config, "eth0").snap_length == 1000);
}

TEST_CASE("pcap: the decoder reads each link type that a capture may have, and no other") {
  for (int datalink = 0; datalink < 400; ++datalink) {
    INFO("DLT " << datalink);
    CHECK(supported(datalink).is_ok() == packet::link_of(datalink).has_value());
  }
}

TEST_CASE("pcap: a recording ticks by its own time, and ends with what is left") {
  testing::TempFolder folder;
  const auto file = save(folder.path() / "a.pcap", capture(folder.path(), 26, PCAP_TSTAMP_PRECISION_NANO));
  Bench bench(*trafficd_input_pcap(), "{ interval: 10s, file: '" + file.string() + "' }");
  REQUIRE(bench.advance(1s).is_ok());
  CHECK(packets(bench.samples()) == std::vector<std::pair<std::int64_t, std::uint64_t>>{
                                        {first_second + 10, 10}, {first_second + 20, 20}, {first_second + 25, 26}});
  CHECK(bench.host().meter().gauge("first_packet") == first_second);
  CHECK(bench.host().meter().gauge("last_packet") == first_second + 25);
  // The same on any day.
  Bench later(*trafficd_input_pcap(), "{ interval: 10s, file: '" + file.string() + "' }");
  later.clock().advance(1000h);
  REQUIRE(later.advance(1s).is_ok());
  CHECK(packets(later.samples()) == packets(bench.samples()));
}

TEST_CASE("pcap: the earliest and the latest packet are told wherever they stand") {
  testing::TempFolder folder;
  std::mt19937 random(8);
  for (int i = 0; i < 200; ++i) {
    std::vector<std::int64_t> times(1 + random() % 30);
    for (std::int64_t& each : times) each = static_cast<std::int64_t>(random() % (i % 2 == 0 ? 5 : 1000)) - i;
    const auto file = save(folder.path() / "a.pcap", stamped(folder.path(), times));
    const std::string interval = i % 3 == 0 ? "500ms" : i % 3 == 1 ? "10s" : "1000h";
    Bench bench(*trafficd_input_pcap(), "{ interval: " + interval + ", file: '" + file.string() + "' }");
    REQUIRE(bench.advance(1s).is_ok());
    const auto [first, last] = std::ranges::minmax(times);
    CHECK(bench.host().meter().gauge("first_packet") == first_second + first);
    CHECK(bench.host().meter().gauge("last_packet") == first_second + last);
    CHECK(packets(bench.samples()).back().second == times.size());
  }
}

TEST_CASE("pcap: one damaged time leads the recording nowhere") {
  testing::TempFolder folder;
  using Told = std::vector<std::pair<std::int64_t, std::uint64_t>>;
  Told expected{{first_second + 10, 10}, {first_second + 20, 20}, {first_second + 25, 26}};
  std::vector<std::int64_t> times(26);
  std::iota(times.begin(), times.end(), 0);
  std::uint64_t bad = 1;
  SECTION("in the middle") { times[5] = far_away; }
  SECTION("twice") { times[5] = times[12] = far_away, bad = 2; }
  SECTION("at a tick") { times[10] = far_away, expected[0].second = 11; }
  SECTION("in the first packet") { times[0] = far_away; }
  SECTION("in the last packet") { times[25] = far_away, expected[2].first = first_second + 24; }
  SECTION("of the past") { times[5] = -first_second; }
  const auto file = save(folder.path() / "a.pcap", stamped(folder.path(), times));
  std::erase_if(times, [](std::int64_t each) { return each == far_away || each == -first_second; });
  // Whatever the interval: `replay` has one that never ends.
  for (const std::string interval : {"1s", "1000000h"}) {
    Bench bench(*trafficd_input_pcap(), "{ interval: " + interval + ", file: '" + file.string() + "' }");
    REQUIRE(bench.advance(1s).is_ok());
    CHECK(bench.host().meter().gauge("first_packet") == first_second + times.front());
    CHECK(bench.host().meter().gauge("last_packet") == first_second + times.back());
    CHECK(bench.host().meter().counted("bad_times") == bad);
  }
  Bench bench(*trafficd_input_pcap(), "{ interval: 10s, file: '" + file.string() + "' }");
  REQUIRE(bench.advance(1s).is_ok());
  CHECK(packets(bench.samples()) == expected);
  CHECK(bench.host().meter().counted("bad_times") == bad);
}

TEST_CASE("pcap: a long pause in a recording is believed when it goes on behind it") {
  testing::TempFolder folder;
  using Told = std::vector<std::pair<std::int64_t, std::uint64_t>>;
  Told expected;
  std::vector<std::int64_t> times;
  std::uint64_t bad = 0;
  SECTION("a pause") {
    times = {0, 1, 2, 3 * day, 3 * day + 1, 3 * day + 2};
    expected = {{first_second + 10, 4}, {first_second + 3 * day + 2, 6}};
  }
  SECTION("a packet now and then: the last one is in doubt") {
    times = {0, 2 * day, 4 * day, 6 * day};
    expected = {{first_second + 10, 2}, {first_second + 2 * day + 10, 3}, {first_second + 4 * day, 4}};
    bad = 1;
  }
  SECTION("a clock that is set at the beginning") {
    times = {-first_second, 1 - first_second, 0, 1, 11};
    expected = {{10, 3}, {first_second + 10, 4}, {first_second + 11, 5}};
  }
  SECTION("the first one, long ago") {
    times = {-first_second, 0, 1, 11};
    expected = {{first_second + 10, 3}, {first_second + 11, 4}};
    bad = 1;
  }
  SECTION("an older recording behind a newer one") {
    times = {8 * day, 8 * day + 1, 0, 1, 2};
    expected = {{first_second + 8 * day, 5}};
  }
  SECTION("an older packet before those that are as old as known ones") {
    times = {0, day / 2, day, 3 * day / 2, 2 * day, -1, 1};
    expected = {{first_second + 10, 1},
                {first_second + day / 2 + 10, 2},
                {first_second + day + 10, 3},
                {first_second + 3 * day / 2 + 10, 4},
                {first_second + 2 * day, 7}};
  }
  SECTION("one packet") {
    times = {7};
    expected = {{first_second + 7, 1}};
  }
  const auto file = save(folder.path() / "a.pcap", stamped(folder.path(), times));
  Bench bench(*trafficd_input_pcap(), "{ interval: 10s, file: '" + file.string() + "' }");
  REQUIRE(bench.advance(1s).is_ok());
  CHECK(packets(bench.samples()) == expected);
  CHECK(bench.host().meter().counted("bad_times") == bad);
}

TEST_CASE("pcap: several files are one recording; what is damaged is told, counted and passed over") {
  testing::TempFolder folder;
  const std::string whole = capture(folder.path(), 10, PCAP_TSTAMP_PRECISION_MICRO);
  const auto good = save(folder.path() / "good.pcap", whole);
  const auto cut = save(folder.path() / "cut.pcap", whole.substr(0, whole.size() - 7));
  const auto none = save(folder.path() / "none.pcap", "this is no capture");
  Bench bench(*trafficd_input_pcap(),
              "file: [ '" + cut.string() + "', '" + none.string() + "', '" + good.string() + "' ]");
  const Status status = bench.advance(1s);
  CHECK(status.code() == Status::Code::fatal);
  CHECK(holds(status.message(), "1 damaged and 1 unreadable"));
  CHECK(packets(bench.samples()).back().second == 19);
  CHECK(bench.log().contains(Level::warning, cut.string()));
  CHECK(bench.log().contains(Level::warning, none.string()));
  CHECK(bench.host().meter().counted("damaged_files") == 1);
  CHECK(bench.host().meter().counted("skipped_files") == 1);
  CHECK(bench.host().meter().counted("read_bytes") > 2 * whole.size() - 100);
}

}  // namespace trafficd::pcap_input
