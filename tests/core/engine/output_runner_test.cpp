#include "engine/output_runner.hpp"

#include "catch.hpp"
#include "engine/system_clock.hpp"
#include "engine_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

void push(OutputRunner& runner, int from, int count) {
  auto batch = std::make_shared<Batch>();
  const SeriesPtr a = link("a");
  for (int i = from; i < from + count; ++i) batch->push_back(make_sample(a, i, static_cast<std::uint64_t>(i)));
  runner.queue().push(std::move(batch));
}

}  // namespace

TEST_CASE("an output gets everything once, in batches of at most batch_size") {
  EngineServices engine;
  std::vector<std::uint64_t> got;
  std::size_t largest = 0;
  script().write = [&](std::span<const Sample> batch) {
    largest = std::max(largest, batch.size());
    for (const Sample& s : batch) got.push_back(s.values[0].as_unsigned());
    return WriteResult::all(batch);
  };
  OutputRunner runner(engine.services, output_settings(7), script_output(), [] {});
  push(runner, 0, 5);
  push(runner, 5, 20);
  for (int i = 0; i < 10; ++i) CHECK(runner.step().is_ok());
  REQUIRE(got.size() == 25);
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == i);
  CHECK(largest == 7);
  CHECK(reading_of(engine.meters, "out").samples_out == 25);
}

TEST_CASE("what was not written is offered again, what was is not") {
  EngineServices engine;
  std::vector<std::uint64_t> got;
  int calls = 0;
  script().write = [&](std::span<const Sample> batch) {
    if (++calls % 2 == 1) return WriteResult::failed(Status::retry("busy"), 0);
    got.push_back(batch.front().values[0].as_unsigned());
    WriteResult result = WriteResult::failed(Status::retry("only one"), 1);
    if (batch.size() == 1) result.status = Status::ok();
    return result;
  };
  OutputRunner runner(engine.services, output_settings(), script_output(), [] {});
  push(runner, 0, 5);
  int failures = 0;
  for (int i = 0; i < 10; ++i) failures += runner.step().is_ok() ? 0 : 1;
  CHECK(got == std::vector<std::uint64_t>{0, 1, 2, 3, 4});
  CHECK(reading_of(engine.meters, "out").errors == static_cast<std::uint64_t>(failures));
}

TEST_CASE("rejected samples are counted with their reason and time range, and not offered again") {
  EngineServices engine;
  script().write = [&](std::span<const Sample> batch) {
    WriteResult result = WriteResult::all(batch);
    result.rejected = {1, 3};
    result.reject_reason = "too old";
    return result;
  };
  OutputRunner runner(engine.services, output_settings(), script_output(), [] {});
  push(runner, 10, 5);
  CHECK(runner.step().is_ok());
  const SelfReading reading = reading_of(engine.meters, "out");
  CHECK(reading.samples_out == 3);
  CHECK(reading.rejected == 2);
  REQUIRE(reading.losses.size() == 1);
  CHECK(reading.losses[0].reason == "too old");
  CHECK(reading.losses[0].first == Timestamp(std::chrono::seconds(11)));
  CHECK(reading.losses[0].last == Timestamp(std::chrono::seconds(13)));
}

TEST_CASE("an output that throws or writes nothing is retried, and loses nothing") {
  EngineServices engine;
  int calls = 0;
  script().write = [&](std::span<const Sample> batch) -> WriteResult {
    if (++calls == 1) throw std::runtime_error("surprise");
    if (calls == 2) return {};
    return WriteResult::all(batch);
  };
  OutputRunner runner(engine.services, output_settings(), script_output(), [] {});
  push(runner, 0, 5);
  CHECK(runner.step().code() == Status::Code::retry);
  CHECK(runner.step().code() == Status::Code::retry);
  CHECK(runner.step().is_ok());
  CHECK(reading_of(engine.meters, "out").samples_out == 5);
  CHECK(reading_of(engine.meters, "out").errors == 2);
}

TEST_CASE("an output that fails all the time: in = queued + dropped, and the newest total is still there") {
  EngineServices engine;
  script().write = [&](std::span<const Sample>) { return WriteResult::failed(Status::retry("dead")); };
  OutputRunner runner(engine.services, output_settings(100, 500), script_output(), [] {});
  for (int i = 0; i < 300; ++i) {
    push(runner, i * 10, 10);
    CHECK_FALSE(runner.step().is_ok());
  }
  const SelfReading failing = reading_of(engine.meters, "out");
  CHECK(failing.samples_out == 0);
  CHECK(failing.queue <= 500);

  std::uint64_t delivered = 0, newest = 0;
  script().write = [&](std::span<const Sample> batch) {
    delivered += batch.size();
    newest = batch.back().values[0].as_unsigned();
    return WriteResult::all(batch);
  };
  while (delivered == 0 || reading_of(engine.meters, "out").queue > 0) CHECK(runner.step().is_ok());
  CHECK(runner.step().is_ok());
  CHECK(newest == 2999);
  CHECK(delivered + reading_of(engine.meters, "out").dropped == 3000);
}

TEST_CASE("at the end an output writes what is left, and counts what it could not") {
  EngineServices engine;
  std::uint64_t delivered = 0;
  bool dead = false;
  script().write = [&](std::span<const Sample> batch) {
    if (dead) return WriteResult::failed(Status::retry("dead"));
    delivered += batch.size();
    return WriteResult::all(batch);
  };
  SystemClock clock;
  const Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  {
    OutputRunner runner(services, output_settings(), script_output(), [] {});
    push(runner, 0, 50);
    runner.start();
    runner.request_stop(clock.steady() + std::chrono::minutes(1));
    runner.join();
    CHECK(delivered == 50);
  }
  dead = true;
  OutputRunner runner(services, output_settings(), script_output(), [] {});
  push(runner, 0, 30);
  runner.start();
  runner.request_stop(clock.steady() + std::chrono::minutes(1));
  runner.join();
  const SelfReading reading = reading_of(engine.meters, "out");
  CHECK(reading.dropped == 30);
  REQUIRE(reading.losses.size() == 1);
  CHECK(reading.losses[0].reason == "stop");
}
