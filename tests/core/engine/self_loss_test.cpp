// The `self` input over the real runners: what it says of a failing output equals what the test counts for itself.

#include <set>

#include "catch.hpp"
#include "engine_fixture.hpp"

extern "C" const trafficd::PluginDescriptor* trafficd_input_self();

using namespace trafficd;
using namespace trafficd::testing;

namespace {

struct Told {
  std::uint64_t samples = 0;
  double first = 0, last = 0;
};

/// What `self` says now of the output "out" and this reason.
Told told(EngineServices& engine, const std::string& reason) {
  InstanceSettings settings = input_settings();
  settings.id = settings.plugin = "self";
  settings.node.type = ConfigNode::Type::map;
  auto meter = std::make_shared<InstanceMeter>("p", "pipeline", "");
  SampleQueue<Batch> queue(10'000, meter);
  InputRunner self(engine.services, settings, *trafficd_input_self(), [] {});
  self.connect({&queue});
  REQUIRE(self.step(*std::get<std::unique_ptr<PollInput>>(self.instance())).is_ok());
  for (const auto& batch : queue.take(10'000))
    for (const Sample& sample : *batch)
      if (sample.series->measurement().name() == "self_loss" && sample.series->tag("id") == "out" &&
          sample.series->tag("role") == "output" && sample.series->tag("reason") == reason)
        return {sample.values[0].as_unsigned(), sample.values[1].as_real(), sample.values[2].as_real()};
  return {};
}

}  // namespace

TEST_CASE("with a failing output, self names output, reason, count and time range as counted independently") {
  EngineServices engine;
  std::set<std::int64_t> pushed, delivered;
  script().write = [&](std::span<const Sample>) { return WriteResult::failed(Status::retry("dead")); };
  OutputRunner runner(engine.services, output_settings(50, 200), script_output(), [] {});
  const SeriesPtr a = link("a");
  for (int i = 100; i < 1500; ++i) {
    runner.queue().push(std::make_shared<Batch>(Batch{make_sample(a, i, static_cast<std::uint64_t>(i))}));
    pushed.insert(i);
    if (i % 50 == 0) CHECK_FALSE(runner.step().is_ok());
  }
  script().write = [&](std::span<const Sample> batch) {
    for (const Sample& s : batch) delivered.insert(s.time.time_since_epoch() / std::chrono::seconds(1));
    return WriteResult::all(batch);
  };
  do {
    REQUIRE(runner.step().is_ok());
  } while (reading_of(engine.meters, "out").queue > 0);
  REQUIRE(runner.step().is_ok());

  std::set<std::int64_t> lost;
  for (std::int64_t stamp : pushed)
    if (!delivered.contains(stamp)) lost.insert(stamp);
  REQUIRE_FALSE(lost.empty());
  const Told thinned = told(engine, "thinned");
  CHECK(thinned.samples == lost.size());
  CHECK(thinned.first == static_cast<double>(*lost.begin()));
  CHECK(thinned.last == static_cast<double>(*lost.rbegin()));
  CHECK(told(engine, "queue_full").samples == 0);
}
