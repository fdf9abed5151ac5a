#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using namespace std::chrono_literals;
using trafficd::testing::Bench;

extern "C" const trafficd::PluginDescriptor* trafficd_stage_total();

namespace trafficd {
namespace {

const MeasurementPtr link = make_measurement("link", "A link.",
                                             {{"rx_bytes", Kind::counter, "By", "Received."},
                                              {"up", Kind::gauge, "", "Whether it is up."},
                                              {"tx_bytes", Kind::counter, "By", "Sent."}},
                                             {"port"});

using Saved = std::map<std::string, std::string>;

/// The stage with a clock that moves ten seconds a sample.
struct Carried {
  explicit Carried(const char* yaml = "{}") : bench(*trafficd_stage_total(), yaml) {}

  SeriesPtr port(const std::string& name, Tags attributes = {}) {
    return bench.host().series(link, {{"port", name}}, std::move(attributes));
  }
  /// The totals that come out for one sample; empty when none does.
  std::vector<Value> read(const std::string& name, std::uint64_t epoch, Value rx, Value tx = 0, bool born = false) {
    Batch batch{{port(name), bench.clock().now(), epoch, born, false, {rx, 1, tx}}};
    bench.clock().advance(10s);
    bench.process(batch);
    if (batch.size() < 2) return {};
    last = batch.back();
    return last.values;
  }
  Saved save() {
    Saved all;
    for (const std::string& key : bench.host().state().keys()) all[key] = *bench.host().state().get(key);
    return all;
  }
  /// Ends the daemon as a kill does, after which the state is that of an earlier checkpoint.
  void kill(const Saved& checkpoint) {
    bench.close();
    for (const std::string& key : bench.host().state().keys()) bench.host().state().erase(key);
    for (const auto& [key, value] : checkpoint) bench.host().state().put(key, value);
  }

  Bench bench;
  Sample last;
};

using Totals = std::vector<Value>;

}  // namespace

TEST_CASE("the derived measurement says what it is") {
  Carried carried;
  carried.read("a", 7, 1'000, 50);
  CHECK(carried.last.series->measurement().name() == "link_total");
  CHECK(carried.last.series->measurement().identity() == std::vector<std::string>{"port"});
  REQUIRE(carried.last.series->measurement().fields().size() == 2);
  const FieldSpec& field = carried.last.series->measurement().fields()[1];
  CHECK(field.name == "tx_bytes");
  CHECK(field.kind == Kind::counter);
  CHECK(field.unit == "By");
  CHECK(carried.last.epoch != 0);
  CHECK(carried.last.epoch != 7);
  CHECK(carried.last.born);
}

TEST_CASE("a total goes on over restarts of its source") {
  Carried carried;
  CHECK(carried.read("a", 1, 1'000, 50) == Totals{0, 0});
  CHECK(carried.read("a", 1, 1'300, 60) == Totals{300, 10});
  const std::uint64_t epoch = carried.last.epoch;
  CHECK(carried.read("a", 2, 40, 5) == Totals{340, 15});
  CHECK(carried.read("a", 3, 7, 1, true) == Totals{347, 16});
  CHECK(carried.read("a", 3, 7, Value{}, true) == Totals{347, Value{}});
  CHECK(carried.last.epoch == epoch);
}

TEST_CASE("a life that began under the input's eyes counts from its birth") {
  Carried carried;
  CHECK(carried.read("a", 1, 1'000, 50, true) == Totals{1'000, 50});
}

TEST_CASE("a total outlives a stop, and what passed meanwhile counts") {
  Carried carried;
  carried.read("a", 1, 1'000);
  carried.read("a", 1, 1'300);
  const std::uint64_t epoch = carried.last.epoch;
  carried.bench.close();
  CHECK(carried.read("a", 1, 1'900) == Totals{900, 0});
  CHECK(carried.last.epoch == epoch);
  carried.bench.close();
  CHECK(carried.read("a", 2, 50) == Totals{950, 0});
}

TEST_CASE("after a kill the next sample repairs what the state did not have yet") {
  Carried carried;
  carried.read("a", 1, 1'000, 7);
  carried.read("a", 1, 1'100, 8);
  const Saved checkpoint = carried.save();
  const std::uint64_t epoch = carried.last.epoch;
  CHECK(carried.read("a", 1, 1'500, 9) == Totals{500, 2});
  SECTION("the source remembers") {
    carried.kill(checkpoint);
    CHECK(carried.read("a", 1, 1'550, 9) == Totals{550, 2});
    CHECK(carried.last.epoch == epoch);
    CHECK(carried.last.born);  // who has none of it may count all of it
    carried.bench.clock().advance(25h);
    carried.bench.close();
    CHECK(carried.read("a", 1, 1'560, 9) == Totals{560, 2});
    CHECK_FALSE(carried.last.born);  // who has none of it now was made anew
  }
  SECTION("the source forgot, and the pair is an old one: less, never more") {
    carried.kill(checkpoint);
    CHECK(carried.read("a", 2, 10, 0) == Totals{110, 1});
  }
  SECTION("each step that grew was to be on disk before it went on, unless that is not wanted") {
    CHECK(carried.bench.host().state().secured() == 3);
    carried.read("a", 1, 1'500, 9);
    CHECK(carried.bench.host().state().secured() == 3);
    Carried lazy("{durable: no}");
    lazy.read("a", 1, 1'000);
    lazy.read("a", 1, 1'500);
    CHECK(lazy.bench.host().state().secured() == 0);
  }
  SECTION("nothing was saved at all: another total, from zero") {
    carried.kill({});
    CHECK(carried.read("a", 1, 1'550, 9) == Totals{0, 0});
    CHECK(carried.last.epoch != epoch);
  }
}

TEST_CASE("a series that is renamed goes on from where it was counted") {
  Carried carried;
  carried.read("a", 1, 1'000);
  carried.read("b", 2, 70);
  carried.read("a", 1, 1'100);
  const bool restart = GENERATE(false, true);
  if (restart) carried.bench.close();
  SECTION("to a new name") {
    CHECK(carried.read("c", 1, 1'150) == Totals{50, 0});
    CHECK(carried.read("c", 1, 1'160) == Totals{60, 0});
    CHECK(carried.read("a", 3, 5) == Totals{105, 0});
  }
  SECTION("to a known one, and back") {
    CHECK(carried.read("b", 1, 1'150) == Totals{50, 0});
    CHECK(carried.read("a", 1, 1'160) == Totals{110, 0});
    CHECK(carried.read("b", 2, 71) == Totals{51, 0});
  }
  SECTION("two swap their names") {
    CHECK(carried.read("a", 2, 75) == Totals{105, 0});
    CHECK(carried.read("b", 1, 1'107) == Totals{7, 0});
    CHECK(carried.read("a", 2, 76) == Totals{106, 0});
  }
  SECTION("a lower total is another life with the same mark") {
    CHECK(carried.read("b", 1, 30) == Totals{30, 0});
    CHECK(carried.read("a", 1, 1'101) == Totals{101, 0});
  }
}

TEST_CASE("another instance's life of the same mark is another life") {
  Bench bench(*trafficd_stage_total(), "drop: true");
  bench.process(
      "lan/link,port=a rx_bytes=100c 1700000000000000000 7\n"
      "lan/link,port=a rx_bytes=150c 1700000010000000000 7\n"
      "dmz/link,port=b rx_bytes=900c 1700000020000000000 7\n"
      "dmz/link,port=b rx_bytes=901c 1700000030000000000 7\n"
      "lan/link,port=a rx_bytes=151c 1700000040000000000 7\n");
  REQUIRE(bench.samples().size() == 5);
  CHECK(bench.samples()[3].values == Totals{1});
  CHECK(bench.samples()[4].values == Totals{51});
}

TEST_CASE("a late sample neither counts nor shows a total of a wrong time") {
  Carried carried;
  carried.read("a", 1, 1'000);
  carried.read("a", 1, 1'100);
  Batch late{{carried.port("a"), carried.bench.clock().now() - 15s, 1, false, false, {1'050, 1, 0}}};
  carried.bench.process(late);
  CHECK(late.size() == 1);
  CHECK(carried.read("a", 1, 1'101) == Totals{101, 0});
}

TEST_CASE("a measurement that gets another counter keeps the totals of those it had") {
  Bench bench(*trafficd_stage_total(), "drop: true");
  const auto made = [&](std::vector<FieldSpec> fields) {
    return bench.host().series(make_measurement("link", "", std::move(fields), {"port"}), {{"port", "a"}});
  };
  const SeriesPtr before = made({{"rx", Kind::counter, "", ""}, {"tx", Kind::counter, "", ""}});
  const SeriesPtr after =
      made({{"new", Kind::counter, "", ""}, {"tx", Kind::counter, "", ""}, {"rx", Kind::counter, "", ""}});
  const Timestamp now = bench.clock().now();
  Batch first{{before, now, 1, false, false, {100, 10}}, {before, now + 1s, 1, false, false, {150, 20}}};
  bench.process(first);
  CHECK(first.back().values == Totals{50, 10});
  if (GENERATE(false, true)) bench.close();
  Batch second{{after, now + 2s, 1, false, false, {5, 21, 152}}, {after, now + 3s, 1, false, false, {6, 21, 152}}};
  bench.process(second);
  CHECK(second.front().values == Totals{0, 11, 52});
  CHECK(second.back().values == Totals{1, 11, 52});
  CHECK(second.back().epoch == first.back().epoch);
}

TEST_CASE("a step in doubt is not added, and counted") {
  Bench bench(*trafficd_stage_total(), "drop: true");
  bench.process(
      "rtr/router,router=dsl rx_bytes=5000c 1700000000000000000 - w32\n"
      "rtr/router,router=dsl rx_bytes=100c 1700000010000000000 - w32\n"
      "rtr/router,router=dsl rx_bytes=103c 1700000020000000000 - w32\n");
  CHECK(bench.samples().back().values == Totals{3});
  CHECK(bench.host().meter().counted("doubtful") == 1);
}

TEST_CASE("what has not come for a long time is forgotten, unless the clock jumped") {
  Carried carried("forget: 1d");
  carried.read("a", 1, 1'000);
  carried.read("a", 1, 1'100);
  REQUIRE(carried.bench.advance(20h).is_ok());
  CHECK(carried.save().size() == 1);
  SECTION("a clock years ahead") {
    carried.bench.clock().step_wall(10'000h);
    REQUIRE(carried.bench.advance(1h).is_ok());
    CHECK(carried.save().size() == 1);
  }
  SECTION("a day") {
    REQUIRE(carried.bench.advance(5h).is_ok());
    CHECK(carried.save().empty());
  }
  SECTION("less: it goes on, though memory let it go") {
    REQUIRE(carried.bench.advance(3h).is_ok());
    CHECK(carried.read("a", 1, 1'101) == Totals{101, 0});
  }
}

TEST_CASE("what is no record in the state is thrown away") {
  Carried carried;
  carried.read("a", 1, 1'000);
  carried.read("a", 1, 1'100);
  const Saved good = carried.save();
  REQUIRE(good.size() == 1);
  const auto& [key, value] = *good.begin();
  for (const std::string& bad : {std::string{}, value.substr(0, value.size() - 1), value + "x", value.substr(3),
                                 std::string("\n"), std::string(5'000, '\xff')}) {
    carried.kill({{key, bad}, {"other", bad}});
    CHECK(carried.read("a", 1, 1'200) == Totals{0, 0});
    CHECK(carried.save().size() == 1);
  }
  carried.kill(good);
  CHECK(carried.read("a", 1, 1'200) == Totals{200, 0});
}

TEST_CASE("hostile names are kept apart") {
  Carried carried;
  const std::vector<std::string> names = {"a b", "a\\ b", "a,port=b", "a\nb", std::string("a\0b", 3), "", "\xff"};
  std::uint64_t epoch = 100;
  for (const std::string& name : names) carried.read(name, ++epoch, 1'000);
  CHECK(carried.save().size() == names.size());
  carried.bench.close();
  epoch = 100;
  std::uint64_t grown = 0;
  for (const std::string& name : names) {
    ++grown;
    CHECK(carried.read(name, ++epoch, 1'000 + grown) == Totals{grown, 0});
  }
}

TEST_CASE("more series than can be kept are told") {
  Carried carried;
  std::vector<SeriesPtr> ports;
  Batch batch;
  for (int i = 0; i < 100'001; ++i)
    batch.push_back({make_series("lan", link, {{"port", std::to_string(i)}}),
                     carried.bench.clock().now(),
                     static_cast<std::uint64_t>(i) + 1,
                     false,
                     false,
                     {1, 1, 1}});
  carried.bench.process(batch);
  CHECK(carried.bench.host().meter().counted("untracked_samples") == 1);
  CHECK(carried.bench.log().contains(Level::warning, "more than 100000 series"));
}

}  // namespace trafficd
