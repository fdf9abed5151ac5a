#include "engine/input_runner.hpp"

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
  runner.connect(first);
  runner.connect(second);
  const Status status = runner.step(*std::get<std::unique_ptr<PollInput>>(runner.instance()));
  CHECK(status.code() == Status::Code::retry);
  CHECK(first.size() == 3);
  CHECK(second.size() == 3);
  CHECK(reading_of(engine.meters, "in").samples_in == 3);
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
  host.drop_muted(batch);
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
