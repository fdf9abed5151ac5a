#include "engine/input_runner.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "engine_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

TEST_CASE("every pipeline gets every sample, and the numbers say so") {
  EngineServices engine;
  auto meter = std::make_shared<InstanceMeter>("p", "pipeline", "");
  SampleQueue<Batch> first(1000, meter), second(1000, meter);
  script().collect = [](Batch& out) {
    for (int i = 0; i < 3; ++i) out.push_back(make_sample(link(concat("l", i)), 1, 1));
    return Status::retry("half of it failed");
  };
  InputRunner runner(engine.services, input_settings(), script_input(), [] {});
  runner.connect({&first, &second});
  const Status status = runner.step(*std::get<std::unique_ptr<PollInput>>(runner.instance()));
  CHECK(status.code() == Status::Code::retry);
  CHECK(first.size() == 3);
  CHECK(second.size() == 3);
  CHECK(reading_of(engine.meters, "in").samples_in == 3);
}

TEST_CASE("samples that nobody could use are dropped, counted and told, and the rest goes on") {
  EngineServices engine;
  InstanceHost host(engine.services, input_settings(), "in", "input");
  Batch batch{make_sample(link("good"), 7, 1), make_sample(link("short"), 7, 1), {}};
  batch[1].values.pop_back();
  host.sift(batch);
  REQUIRE(batch.size() == 1);
  CHECK(batch[0].series->tag("link") == "good");
  const SelfReading reading = reading_of(engine.meters, "in");
  CHECK(reading.dropped == 2);
  REQUIRE(reading.losses.size() == 1);
  CHECK(reading.losses[0].reason == "malformed");
}

TEST_CASE("values that are none: no numbers are left away, less than nothing in a counter drops the sample") {
  EngineServices engine;
  InstanceHost host(engine.services, input_settings(), "in", "input");
  Batch batch{make_sample(link("good"), 7, 1), make_sample(link("nan"), 7, 1), make_sample(link("less"), 7, 1),
              make_sample(link("infinite"), 7, 1)};
  batch[1].values[1] = Value(std::nan(""));
  batch[2].values[0] = Value(-1);
  batch[3].values[0] = Value(std::numeric_limits<double>::infinity());
  host.sift(batch);
  REQUIRE(batch.size() == 3);
  CHECK(batch[0].values[1] == Value(1.5));
  CHECK(batch[1].values[0] == Value(1));
  CHECK(batch[1].values[1].absent());
  CHECK(batch[2].values[0].absent());
  CHECK(reading_of(engine.meters, "in").dropped == 1);
  CHECK(host.meter().counter("values_left_out") == 2);
}

TEST_CASE("names that nobody could use are refused where the plugin asks for a series") {
  EngineServices engine;
  InstanceHost host(engine.services, input_settings(), "in", "input");
  const auto series = [&](std::vector<FieldSpec> fields, std::vector<std::string> tags, const char* name = "m") {
    return host.series(make_measurement(name, "", std::move(fields), std::move(tags)), {}, {}, {});
  };
  const FieldSpec a{"a", Kind::gauge, "1", ""};
  CHECK_NOTHROW(series({a}, {"t"}));
  CHECK_THROWS_AS(host.series(nullptr, {}, {}, {}), std::invalid_argument);
  CHECK_THROWS_AS(series({}, {}), std::invalid_argument);
  CHECK_THROWS_AS(series({a}, {}, ""), std::invalid_argument);
  CHECK_THROWS_AS(series({a, a}, {}), std::invalid_argument);
  CHECK_THROWS_AS(series({{}}, {}), std::invalid_argument);
  CHECK_THROWS_AS(series({a}, {""}), std::invalid_argument);
  CHECK_THROWS_AS(series({a}, {"a"}), std::invalid_argument);
  CHECK_THROWS_AS(series({a}, {"time"}), std::invalid_argument);
  const SeriesPtr made = host.series(traffic(), {{"link", "l"}, {"", "x"}}, {{"_y", "1"}, {"site", "home"}}, {});
  CHECK(made->attributes() == Tags{{"site", "home"}});
}

TEST_CASE("series above max_series are muted, dropped and counted; room that is given back is used again") {
  EngineServices engine;
  InstanceSettings settings = input_settings();
  settings.max_series = 2;
  InstanceHost host(engine.services, settings, "in", "input");
  std::vector<SeriesPtr> held;
  Batch batch;
  for (int i = 0; i < 5; ++i) {
    held.push_back(host.series(traffic(), {{"link", concat("l", i)}}, {}, {}));
    batch.push_back(make_sample(held.back(), 7, 1));
  }
  host.sift(batch);
  CHECK(batch.size() == 2);
  const SelfReading reading = reading_of(engine.meters, "in");
  CHECK(reading.dropped == 3);
  REQUIRE(reading.losses.size() == 1);
  CHECK(reading.losses[0].reason == "max_series");
  CHECK(reading.losses[0].first == Timestamp(std::chrono::seconds(7)));

  batch.clear();
  held.clear();
  CHECK_FALSE(host.series(traffic(), {{"link", "new"}}, {}, {})->muted());
}

TEST_CASE("the tags of the configuration become attributes, never identity") {
  EngineServices engine;
  InstanceSettings settings = input_settings();
  settings.tags = {{"site", "home"}, {"link", "wrong"}};
  InstanceHost host(engine.services, settings, "in", "input");
  const SeriesPtr series = host.series(traffic(), {{"link", "eth0"}}, {{"primary", "yes"}}, {});
  CHECK(series->tag("link") == "eth0");
  CHECK(series->tag("site") == "home");
  CHECK(series->same_identity(*make_series("in", traffic(), {{"link", "eth0"}})));
}
