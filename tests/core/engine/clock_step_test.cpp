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
    runner->connect({&queue});
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

namespace {

/// One series after another step of the clock, as a stream input would give it.
struct Streamed {
  SeriesPtr series = link("l");
  LastTotals last{100, 10s};
  SteadyTime steady{1000s};

  /// The stamps of what goes on: the sample's own, with that of a mark before it.
  std::vector<std::int64_t> give(std::int64_t second, std::uint64_t bytes) {
    Batch batch{make_sample(series, second, bytes)};
    last.follow(batch, steady);
    std::vector<std::int64_t> stamps;
    for (const Sample& sample : batch) {
      CHECK(sample.mark_only == (&sample != &batch.back()));
      stamps.push_back(std::chrono::floor<std::chrono::seconds>(sample.time).time_since_epoch().count());
    }
    return stamps;
  }
};

using Stamps = std::vector<std::int64_t>;

/// Gives one sample for each step of the clock, then ends.
class SteppedStream final : public StreamInput {
 public:
  static Declarations declare() { return {}; }
  SteppedStream(const ConfigNode&, Host&) {}
  Status run(std::stop_token, Emitter& emitter) override {
    for (Batch batch; script().collect(batch); batch.clear()) emitter.emit(batch);
    return Status::ok();
  }
};

}  // namespace

TEST_CASE("samples of a stream are followed one by one, as their stamps went along with the clock") {
  Streamed stream;
  CHECK(stream.give(100, 10) == Stamps{100});
  stream.steady += 10s;
  stream.last.step(1000s);
  SECTION("its stamp is of our clock, or of one that was set as well") {
    CHECK(stream.give(1110, 20) == Stamps{1100, 1110});
    stream.steady += 10s;
    CHECK(stream.give(1120, 30) == Stamps{1120});
  }
  SECTION("one comes late that was stamped before the clock was set") {
    CHECK(stream.give(109, 20) == Stamps{109});
    stream.steady += 1s;
    CHECK(stream.give(1110, 30) == Stamps{1109, 1110});
  }
  SECTION("another machine stamps, whose clock goes on as it did") {
    CHECK(stream.give(110, 20) == Stamps{110});
    stream.steady += 1h;
    CHECK(stream.give(3710, 30) == Stamps{3710});
  }
  SECTION("the clock is set back again before anything comes") {
    stream.last.step(-1000s);
    CHECK(stream.give(110, 20) == Stamps{110});
  }
  SECTION("one older than the last says nothing new") {
    CHECK(stream.give(90, 5) == Stamps{90});
    Batch batch{make_sample(stream.series, 1110, 20)};
    stream.last.follow(batch, stream.steady);
    REQUIRE(batch.size() == 2);
    CHECK(batch[0].values[0].as_unsigned() == 10);
  }
}

TEST_CASE("a clock that was put back and set forward again is followed both times") {
  Streamed stream;
  CHECK(stream.give(10'000, 10) == Stamps{10'000});
  stream.last.step(-1000s);
  CHECK(stream.give(9'010, 20) == Stamps{9'010});
  stream.last.step(1000s);
  CHECK(stream.give(10'020, 30) == Stamps{10'010, 10'020});
}

TEST_CASE("remembering a series for the clock does not hold its place") {
  const auto held = std::make_shared<std::atomic<std::int64_t>>(0);
  LastTotals last(100, 10s);
  {
    Batch batch{make_sample(make_series("in", traffic(), {{"link", "l"}}, {}, {}, held, 10), 100, 10)};
    last.follow(batch, SteadyTime(0s));
    CHECK(*held == 1);
  }
  CHECK(*held == 0);
}

TEST_CASE("a stream input follows the clock") {
  EngineServices engine;
  SampleQueue<Batch> queue(1000, std::make_shared<InstanceMeter>("p", "pipeline", ""));
  int round = 0;
  script().open = [] { return Status::ok(); };
  script().collect = [&](Batch& out) {
    engine.clock.advance(10s);
    if (++round == 2) engine.clock.step_wall(1000h);
    if (round == 3) return Status::fatal("the end");
    out.push_back({link("l"), engine.clock.now(), 1, false, false, {Value(100 * round), Value(1.5)}});
    return Status::ok();
  };
  const auto plugin = describe_plugin<SteppedStream>("script", "Test.");
  InputRunner runner(engine.services, input_settings(), plugin, [] {});
  runner.connect({&queue});
  runner.start();
  while (!runner.ended()) std::this_thread::yield();
  runner.join();
  Batch all;
  for (const auto& batch : queue.take(1000)) all.insert(all.end(), batch->begin(), batch->end());
  REQUIRE(all.size() == 3);
  CHECK(all[1].mark_only);
  CHECK(all[1].values[0].as_unsigned() == 100);
  CHECK(all[2].time - all[1].time == 10s);
}
