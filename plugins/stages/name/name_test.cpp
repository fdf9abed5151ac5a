// The stage on a bench: who gets which attributes, when, and what it costs.

#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using namespace std::chrono_literals;
using trafficd::testing::Bench;

extern "C" const trafficd::PluginDescriptor* trafficd_stage_name();

namespace trafficd {
namespace {

const MeasurementPtr device =
    make_measurement("device", "A device.", {{"rx_bytes", Kind::counter, "By", ""}}, {"interface", "device"});
const MeasurementPtr info = make_measurement("device_info", "", {{"info", Kind::gauge, "1", ""}}, {"device"});

/// A bench, and what inputs hold: they ask once for a series and keep it.
struct Lan {
  explicit Lan(std::string_view yaml = {}, testing::HostSettings settings = {})
      : bench(*trafficd_stage_name(), yaml, std::move(settings)) {}

  static SeriesPtr series(const std::string& id, const std::string& interface = "br0", Tags attributes = {}) {
    return make_series("lan", device, {{"interface", interface}, {"device", id}}, std::move(attributes));
  }
  SeriesPtr pass(const SeriesPtr& one) {
    Batch batch{{.series = one, .time = testing::ManualClock::default_start, .epoch = 7, .values = {1}}};
    bench.process(batch);
    REQUIRE(batch.size() == 1);
    CHECK(batch[0].epoch == 7);
    CHECK(batch[0].series->same_identity(*one));
    return batch[0].series;
  }
  void hear(const std::string& id, Tags attributes) {
    const SeriesPtr one = make_series("names", info, {{"device", id}}, std::move(attributes));
    CHECK(pass(one) == one);
  }
  std::string name_of(const std::string& id) { return std::string(pass(series(id))->tag("name").value_or("")); }
  std::uint64_t counted(const char* what) { return bench.host().meter().counted(what); }

  Bench bench;
};

}  // namespace

TEST_CASE("name: a series is made once, and again when its device is renamed") {
  Lan lan;
  const SeriesPtr phone = Lan::series("a");
  CHECK(lan.pass(phone) == phone);
  lan.hear("a", {{"name", "phone"}, {"vendor", "Acme"}, {"addresses", "1.1.1.1"}});
  const SeriesPtr named = lan.pass(phone);
  CHECK(named->attributes() == Tags{{"name", "phone"}, {"vendor", "Acme"}});
  CHECK(named->measurement_ptr() == phone->measurement_ptr());
  lan.hear("a", {{"name", "phone"}, {"vendor", "Acme"}, {"addresses", "1.1.1.2"}});
  lan.hear("b", {{"name", "other"}});
  CHECK(lan.pass(phone) == named);
  CHECK(lan.counted("changes") == 0);
  lan.hear("a", {{"name", "tablet"}});
  const SeriesPtr renamed = lan.pass(phone);
  CHECK(renamed->attributes() == Tags{{"name", "tablet"}, {"vendor", "Acme"}});
  CHECK(renamed->same_identity(*named));
  CHECK(lan.counted("changes") == 1);
  CHECK(lan.bench.host().series_held() == 2);  // the two that this test holds
}

TEST_CASE("name: names that come with a batch hold for all of it") {
  Lan lan;
  Batch batch{{.series = Lan::series("a"), .time = testing::ManualClock::default_start, .epoch = 7, .values = {1}},
              {.series = make_series("names", info, {{"device", "a"}}, {{"name", "phone"}}),
               .time = testing::ManualClock::default_start,
               .values = {1}}};
  lan.bench.process(batch);
  CHECK(batch[0].series->tag("name") == "phone");
}

TEST_CASE("name: what an info does not say does not go") {
  Lan lan;
  lan.hear("a", {{"name", "phone"}, {"vendor", "Acme"}});
  lan.hear("a", {});
  lan.hear("a", {{"vendor", "Other"}});
  lan.hear("a", {{"name", ""}});
  CHECK(lan.pass(Lan::series("a"))->attributes() == Tags{{"name", "phone"}, {"vendor", "Other"}});
}

TEST_CASE("name: what a series says of itself counts more, and identity is never touched") {
  Lan lan;
  lan.hear("a", {{"name", "phone"}, {"vendor", "Acme"}});
  const SeriesPtr own = lan.pass(Lan::series("a", "br0", {{"name", "own"}}));
  CHECK(own->attributes() == Tags{{"name", "own"}, {"vendor", "Acme"}});
  const MeasurementPtr odd = make_measurement("odd", "", {{"x", Kind::gauge, "1", ""}}, {"device", "name"});
  const SeriesPtr identified = lan.pass(make_series("lan", odd, {{"device", "a"}, {"name", "n"}}));
  CHECK(identified->tag("name") == "n");
  CHECK(identified->attributes() == Tags{{"vendor", "Acme"}});
}

TEST_CASE("name: another handle of the same series has its own attributes") {
  Lan lan;
  lan.hear("a", {{"name", "phone"}});
  CHECK(lan.pass(Lan::series("a"))->attributes() == Tags{{"name", "phone"}});
  CHECK(lan.pass(Lan::series("a", "br0", {{"site", "home"}}))->attributes() ==
        Tags{{"name", "phone"}, {"site", "home"}});
  CHECK(lan.pass(Lan::series("a"))->attributes() == Tags{{"name", "phone"}});
}

TEST_CASE("name: names are there right after a restart") {
  Lan lan("attributes: [name]");
  lan.hear("a", {{"name", "Anna's, \"best\"=phone\n; \\x"}, {"vendor", "Acme"}});
  lan.bench.close();
  CHECK(lan.pass(Lan::series("a"))->attributes() == Tags{{"name", "Anna's, \"best\"=phone\n; \\x"}});
  CHECK(lan.bench.host().meter().gauged("devices") == 1);
}

TEST_CASE("name: the state is written when something is new, not at each info") {
  Lan lan;
  lan.hear("a", {{"name", "phone"}});
  lan.bench.host().state().put("a", "untouched");
  lan.hear("a", {{"name", "phone"}});
  CHECK(lan.bench.host().state().get("a") == "untouched");
  lan.hear("a", {{"name", "tablet"}});
  CHECK(lan.bench.host().state().get("a") != "untouched");
}

TEST_CASE("name: what is no record in the state is thrown away") {
  Lan lan;
  auto& state = lan.bench.host().state();
  state.put("a", "nonsense");
  state.put("b", "name/device_info,device=a;name=x info=1g 0 -");
  state.put("c", "");
  state.put("", "name/device_info,device=;name=x info=1g 0 -");
  state.put("d", "name/device_info,device=d;name=good info=1g 0 -");
  CHECK(lan.name_of("d") == "good");
  CHECK(lan.name_of("a") == "");
  CHECK(state.keys() == std::vector<std::string>{"d"});
}

TEST_CASE("name: devices are bounded, and what is over is counted and told") {
  Lan lan("max_devices: 2");
  for (const char* id : {"a", "b", "c"}) lan.hear(id, {{"name", "x"}});
  CHECK(lan.name_of("b") == "x");
  CHECK(lan.name_of("c") == "");
  CHECK(lan.counted("devices_left_out") == 1);
  CHECK(lan.bench.log().contains(Level::warning, "more than 2 devices"));
  lan.hear("a", {{"name", "still heard"}});
  CHECK(lan.name_of("a") == "still heard");
  lan.hear(std::string(300, 'x'), {{"name", "long"}});
  lan.hear("d", {{"name", std::string(600, 'x')}});
  CHECK(lan.counted("attributes_left_out") == 1);
  CHECK(lan.bench.host().state().keys().size() == 2);
}

TEST_CASE("name: who is not heard of for long is forgotten, and makes room") {
  Lan lan("{ max_devices: 2, forget: 2h }");
  const SeriesPtr phone = Lan::series("a");
  lan.hear("a", {{"name", "phone"}});
  lan.hear("b", {{"name", "b"}});
  lan.hear("c", {{"name", "c"}});
  CHECK(lan.pass(phone)->tag("name") == "phone");
  CHECK(lan.bench.advance(1h).is_ok());
  lan.hear("b", {});
  CHECK(lan.bench.advance(90min).is_ok());
  CHECK(lan.pass(phone) == phone);
  CHECK(lan.name_of("b") == "b");
  lan.hear("c", {{"name", "c"}});
  CHECK(lan.name_of("c") == "c");
  CHECK(lan.bench.host().state().keys() == std::vector<std::string>{"b", "c"});
  CHECK(lan.bench.log().contains(Level::info, "there is room for new devices again"));
}

TEST_CASE("name: a restart makes nobody stay longer, nor go before the time") {
  Lan lan("forget: 10h");
  lan.hear("a", {{"name", "a"}});
  lan.hear("b", {{"name", "b"}});
  for (int i = 0; i < 3; ++i) {
    CHECK(lan.bench.advance(4h).is_ok());
    lan.hear("b", {{"name", "b"}});  // says nothing new
    if (i == 0) lan.hear("a", {});
  }
  CHECK(lan.bench.advance(10min).is_ok());
  lan.bench.close();
  lan.bench.clock().advance(1h);
  CHECK(lan.name_of("a") == "a");  // 9 hours ago
  CHECK(lan.name_of("b") == "b");
  CHECK(lan.bench.advance(2h).is_ok());
  CHECK(lan.name_of("a") == "");
  CHECK(lan.name_of("b") == "b");
  CHECK(lan.bench.host().state().keys() == std::vector<std::string>{"b"});
}

TEST_CASE("name: a record with a time that cannot be is one of now") {
  Lan lan("forget: 10h");
  lan.bench.host().state().put("a", "name/device_info,device=a;name=a info=1g 0 -");
  lan.bench.host().state().put("b", "name/device_info,device=b;name=b info=1g 4000000000000000000 -");
  lan.bench.host().state().put("c", "name/device_info,device=c;name=c info=1g -9223372036854775808 -");
  CHECK(lan.bench.advance(9h).is_ok());
  CHECK(lan.name_of("a") == "a");
  CHECK(lan.name_of("b") == "b");
  CHECK(lan.bench.advance(2h).is_ok());
  CHECK(lan.name_of("a") == "");
  CHECK(lan.name_of("b") == "");
}

TEST_CASE("name: what was made is forgotten with its series") {
  Lan lan;
  lan.hear("a", {{"name", "phone"}});
  lan.pass(Lan::series("a"));
  lan.bench.clear();
  CHECK(lan.bench.host().series_held() == 1);
  CHECK(lan.bench.advance(30min).is_ok());
  CHECK(lan.bench.host().series_held() == 0);
}

TEST_CASE("name: only series of devices are remembered") {
  Lan lan;
  const auto is_kept = [&](SeriesPtr one) {
    const std::weak_ptr<const Series> kept = one;
    CHECK(lan.pass(one) == one);
    lan.bench.clear();
    one.reset();
    return !kept.expired();
  };
  CHECK(is_kept(Lan::series("a")));
  CHECK_FALSE(
      is_kept(make_series("lan", make_measurement("m", "", {{"x", Kind::gauge, "1", ""}}, {"t"}), {{"t", "1"}})));
  CHECK_FALSE(is_kept(make_series("names", info, {{"device", "b"}})));
}

TEST_CASE("name: a series that is one too many passes without a name and is not lost") {
  testing::HostSettings settings;
  settings.max_series = 1;
  Lan lan({}, settings);
  lan.hear("a", {{"name", "a"}});
  lan.hear("b", {{"name", "b"}});
  const SeriesPtr first = lan.pass(Lan::series("a")), second = lan.pass(Lan::series("b"));
  CHECK(first->tag("name") == "a");
  CHECK_FALSE(second->muted());
  CHECK_FALSE(second->tag("name"));
  CHECK(lan.counted("unnamed_series") == 1);
  CHECK(lan.bench.log().contains(Level::warning, "max_series"));
}

TEST_CASE("name: at 'max_series' a renamed device has a name still") {
  testing::HostSettings settings;
  settings.max_series = 1;
  Lan lan({}, settings);
  const SeriesPtr phone = Lan::series("a");
  const auto name = [&] {
    lan.bench.clear();
    return std::string(lan.pass(phone)->tag("name").value_or(""));
  };
  lan.hear("a", {{"name", "before"}});
  CHECK(name() == "before");
  lan.hear("a", {{"name", "after"}});
  CHECK(name() == "after");
  CHECK(lan.counted("unnamed_series") == 0);
}

TEST_CASE("name: a series that got no name gets one once there is room") {
  testing::HostSettings settings;
  settings.max_series = 1;
  Lan lan({}, settings);
  lan.hear("a", {{"name", "a"}});
  lan.hear("b", {{"name", "b"}});
  lan.pass(Lan::series("a"));
  const SeriesPtr second = Lan::series("b");
  CHECK(lan.pass(second) == second);
  for (int i = 0; i < 3; ++i) {
    lan.bench.clear();
    CHECK(lan.bench.advance(10min).is_ok());
    lan.pass(second);
  }
  CHECK(lan.pass(second)->tag("name") == "b");
  CHECK(lan.bench.advance(10min).is_ok());
  CHECK(lan.bench.log().contains(Level::info, "there is room for names"));
}

TEST_CASE("name: attributes that cannot be meant are refused") {
  const auto problem = [](const char* yaml) {
    try {
      Bench bench(*trafficd_stage_name(), yaml);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(problem("attributes: [name, owner]").empty());
  CHECK(problem("attributes: [device]").find("says which device is meant") != std::string::npos);
  CHECK(problem("attributes: []").find("names nothing") != std::string::npos);
  CHECK_FALSE(problem("attributes: [time]").empty());
  CHECK_FALSE(problem("forget: 1s").empty());
}

}  // namespace trafficd
