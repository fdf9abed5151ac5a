#include "engine/clock_step.hpp"

#include "catch.hpp"
#include "engine_fixture.hpp"
#include "trafficd/counter.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

namespace {

Timestamp at(std::int64_t second) { return Timestamp(std::chrono::seconds(second)); }

struct Polled {
  EngineServices engine;
  std::shared_ptr<InstanceMeter> meter = std::make_shared<InstanceMeter>("p", "pipeline", "");
  SampleQueue<Batch> queue{1000, meter};
  std::uint64_t bytes = 0;
  std::unique_ptr<InputRunner> runner;

  Polled() {
    script().collect = [this, series = link("l")](Batch& out) {
      out.push_back({series, engine.clock.now(), 1, false, false, {Value(bytes), Value(1.5)}});
      return Status::ok();
    };
    runner = std::make_unique<InputRunner>(engine.services, input_settings(), script_input(), [] {});
    runner->connect(queue);
  }
  Batch poll() {
    CHECK(runner->step(*std::get<std::unique_ptr<PollInput>>(runner->instance())).is_ok());
    Batch all;
    for (const auto& batch : queue.take(1000)) all.insert(all.end(), batch->begin(), batch->end());
    return all;
  }
};

}  // namespace

TEST_CASE("the wall clock is compared with the time that passed") {
  ClockStep clock;
  const SteadyTime start(1000s);
  CHECK(clock.look(at(100), start) == 0s);
  CHECK(clock.look(at(110), start + 10s) == 0s);
  CHECK(clock.look(at(121), start + 20s) == 0s);
  CHECK(clock.look(at(1131), start + 30s) == 1000s);
  CHECK(clock.look(at(1141), start + 40s) == 0s);
  CHECK(clock.look(at(941), start + 50s) == -210s);
}

TEST_CASE("after a step forward the growth belongs to the time that passed, not to what the clock skipped") {
  Polled polled;
  CounterTracker holder;
  polled.bytes = 100;
  for (const Sample& sample : polled.poll()) holder.step(sample);
  polled.engine.clock.advance(10s);
  const Timestamp stepped = polled.engine.clock.now() + 1000h;
  polled.engine.clock.step_wall(1000h);
  polled.bytes = 150;
  const Batch batch = polled.poll();
  REQUIRE(batch.size() == 2);
  CHECK(batch[0].mark_only);
  CHECK(batch[0].values[1].absent());
  CHECK(holder.step(batch[0]).amounts == std::vector<std::uint64_t>{0});
  const Increase increase = holder.step(batch[1]);
  CHECK(increase.amounts == std::vector<std::uint64_t>{50});
  CHECK(increase.from == stepped - 10s);
}

TEST_CASE("a clock that is put back gives no marks, and neither does one that only runs") {
  Polled polled;
  polled.bytes = 100;
  CHECK(polled.poll().size() == 1);
  polled.engine.clock.advance(10s);
  CHECK(polled.poll().size() == 1);
  polled.engine.clock.step_wall(-1h);
  CHECK(polled.poll().size() == 1);
}
