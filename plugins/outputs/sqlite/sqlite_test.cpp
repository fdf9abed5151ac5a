#include "catch.hpp"
#include "history/reader.hpp"
#include "trafficd/testing/bench.hpp"

using trafficd::testing::Bench;

extern "C" const trafficd::PluginDescriptor* trafficd_output_sqlite();

namespace trafficd {
namespace {

const char* const first = "lan/interface,interface=eth0 rx_bytes=1000c,up=1g 1700000000000000000 a1\n";
const char* const second = "lan/interface,interface=eth0 rx_bytes=1750c,up=1g 1700000010000000000 a1\n";

std::int64_t received(const std::filesystem::path& file) {
  const auto reader = history::Reader::open(file);
  REQUIRE(reader.has_value());
  const auto rows = reader->sums("interface", {Timestamp{}, Timestamp{std::chrono::hours(24 * 365 * 100)}});
  REQUIRE(rows.has_value());
  std::int64_t sum = 0;
  for (const history::SumRow& row : *rows) sum += row.fields[0].amount;
  return sum;
}

std::string problem(const char* yaml) {
  try {
    Bench bench(*trafficd_output_sqlite(), yaml);
  } catch (const ConfigError& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("samples go into traffic.db in the state folder, and stay there over a restart of the instance") {
  Bench bench(*trafficd_output_sqlite());
  CHECK(bench.write(first).written == 1);
  CHECK(bench.write(second).written == 1);
  const std::filesystem::path file = bench.host().state_folder() / "traffic.db";
  CHECK(received(file) == 750);
  bench.close();
  CHECK(received(file) == 750);
  REQUIRE(bench.open().is_ok());
  CHECK(bench.write("lan/interface,interface=eth0 rx_bytes=1751c,up=1g 1700000020000000000 a1\n").written == 1);
  CHECK(received(file) == 751);
}

TEST_CASE("a folder elsewhere is not made: a disk may be mounted there later") {
  const testing::TempFolder elsewhere;
  const auto file = elsewhere.path() / "disk" / "traffic.db";
  Bench bench(*trafficd_output_sqlite(), concat("file: ", file));
  CHECK(bench.open().message().find("there is no folder") != std::string::npos);
  std::filesystem::create_directory(file.parent_path());
  REQUIRE(bench.open().is_ok());
  CHECK(bench.write(first).written == 1);
  CHECK(std::filesystem::exists(file));
}

TEST_CASE("another file, below the state folder") {
  Bench bench(*trafficd_output_sqlite(), "file: deep/other.db");
  CHECK(bench.write(first).written == 1);
  CHECK(std::filesystem::exists(bench.host().state_folder() / "deep" / "other.db"));
}

TEST_CASE("nothing is touched before open") {
  Bench bench(*trafficd_output_sqlite());
  CHECK(std::filesystem::is_empty(bench.host().state_folder()));
}

TEST_CASE("doubtful steps and moved lives show in the plugin's own counters, and a line says how to see them") {
  Bench bench(*trafficd_output_sqlite());
  (void)bench.write("lan/interface,interface=eth0 rx_bytes=1000c 1700000000000000000 a1\n");
  (void)bench.write("lan/interface,interface=wan rx_bytes=1100c 1700000010000000000 a1\n");
  const char* const doubtful =
      "lan/interface,interface=old rx_bytes=1100c 1700000010000000000 - w32\n"
      "lan/interface,interface=old rx_bytes=100c 1700000020000000000 - w32\n"
      "lan/interface,interface=old rx_bytes=101c 1700000030000000000 - w32\n";
  (void)bench.write(doubtful);
  CHECK(bench.host().meter().counter("moved").load() == 1);
  CHECK(bench.host().meter().counter("doubtful").load() == 1);
  CHECK(bench.host().meter().counter("doubtful_forgotten").load() == 0);
  CHECK(bench.log().contains(Level::warning, "1 step of a counter was doubtful"));
  CHECK(bench.log().contains(Level::warning, "trafficd report --doubtful --file"));
  CHECK(bench.log().contains(Level::warning, (bench.host().state_folder() / "traffic.db").native()));
  bench.log().clear();
  (void)bench.write(doubtful);
  CHECK(bench.log().count(Level::warning) == 0);
}

TEST_CASE("upkeep runs when nothing comes") {
  Bench bench(*trafficd_output_sqlite());
  (void)bench.write(first);
  (void)bench.write(second);
  CHECK(bench.advance(std::chrono::hours(1)).is_ok());
  CHECK(received(bench.host().state_folder() / "traffic.db") == 750);
}

TEST_CASE("tiers that cannot be exact are refused where they stand") {
  CHECK(problem("tiers: [{ bucket: 1h, keep: 1y }]").find("does not divide 15m") != std::string::npos);
  CHECK(problem("tiers: [{ bucket: 15m, keep: 1y }, { bucket: 1m, keep: 1y }]").find("finest first") !=
        std::string::npos);
  CHECK(problem("tiers: [{ bucket: 1m }]").find("keep") != std::string::npos);
  CHECK(problem("file: ''").find("needs the name of a file") != std::string::npos);
  CHECK(problem("gap: 0").find("must be between 1s and") != std::string::npos);
  CHECK(problem("tiers: [{ bucket: 5m, keep: 4w }, { bucket: 15m, keep: 10y }]").empty());
}

}  // namespace trafficd
