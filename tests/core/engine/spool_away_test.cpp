// An output that stays away in its own code for long: what comes meanwhile goes to disk, and nothing is lost, doubled
// or out of order when it comes back.

#include "spool_output_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;
using Mode = SpoolSettings::Mode;

namespace {

struct AwayFixture : OutputFixture {
  SystemClock clock;
  Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  Gate gate;

  /// The first write comes back only after the gate is open; it says that so many of its samples were written.
  void hang_once(std::size_t written) {
    script().write = [this, written, first = true](std::span<const Sample> batch) mutable {
      if (!std::exchange(first, false)) return take(batch), WriteResult::all(batch);
      gate.pass();
      if (written >= batch.size()) return take(batch), WriteResult::all(batch);
      take(batch.first(written));
      return WriteResult::failed(Status::retry("died in the middle").not_before(0s), written);
    };
  }
  void start() {
    make(services);
    push(100);
    runner->start();
    REQUIRE(gate.wait_until_reached());
  }
  void stop() {
    runner->request_stop(clock.steady() + 1min);
    runner->join();
  }
  /// More than the queue can hold, in pieces of which it can hold two; answers whether they were taken from it.
  bool push_much() {
    for (int i = 0; i < 30; ++i) {
      push(400);
      if (!soon([this] { return runner->queue().size() <= 500; })) return false;
    }
    return true;
  }
  bool delivered_all() {
    return soon([this] {
      const SelfReading now = reading();
      return now.samples_out + now.dropped == static_cast<std::uint64_t>(pushed);
    });
  }
};

}  // namespace

TEST_CASE_METHOD(AwayFixture, "while an output hangs, what the queue cannot hold goes to disk behind what it holds") {
  const std::size_t written = GENERATE(100, 37, 0);
  settings = with_spool(GENERATE(Mode::on_failure, Mode::always));
  hang_once(written);
  start();
  REQUIRE(push_much());
  std::vector<std::int64_t> stored;
  CHECK(soon([&] {
    stored = on_disk_now();
    return stored.size() + runner->queue().size() == static_cast<std::size_t>(pushed);
  }));
  CHECK(stored == numbers(0, static_cast<int>(stored.size())));
  gate.open();
  CHECK(delivered_all());
  stop();
  CHECK(got == numbers(0, pushed));
  CHECK(reading().samples_in == static_cast<std::uint64_t>(pushed));
  CHECK(reading().dropped == 0);
  CHECK_FALSE(on_disk());
}

TEST_CASE_METHOD(AwayFixture, "mode always: what comes while the output hangs is on disk soon, however little it is") {
  settings = with_spool(Mode::always);
  SECTION("in a write") {
    hang_once(100);
    start();
  }
  SECTION("in its open") {
    healthy();
    script().open = [this] {
      gate.pass();
      return Status::ok();
    };
    start();
  }
  for (int i = 0; i < 3; ++i) {
    push(1);
    REQUIRE(soon([this] { return runner->queue().size() == 0; }));
    REQUIRE(soon([this] { return on_disk_now() == numbers(0, pushed); }));
  }
  gate.open();
  CHECK(delivered_all());
  stop();
  CHECK(got == numbers(0, pushed));
}

TEST_CASE_METHOD(AwayFixture, "a slow output: much that comes at every write goes to disk, and the queue holds") {
  bool held = true;  // of the output's thread
  script().write = [&](std::span<const Sample> batch) {
    if (pushed < 20'000) held = push_much() && held;
    return take(batch), WriteResult::all(batch);
  };
  make(services);
  push(100);
  runner->start();
  REQUIRE(soon([this] { return reading().samples_out >= 20'000; }));
  stop();
  CHECK(held);
  CHECK(got == numbers(0, pushed));
  CHECK(reading().dropped == 0);
}

TEST_CASE_METHOD(AwayFixture, "thinning leaves alone what an output that hangs has in its hands") {
  settings = with_spool(Mode::always);
  settings.spool.max_size = ByteSize{64 * 1024};
  hang_once(100);
  start();
  while (reading().losses.empty()) REQUIRE(push_much());
  gate.open();
  CHECK(delivered_all());
  stop();
  CHECK(std::ranges::adjacent_find(got, std::greater_equal<>()) == got.end());
  CHECK(std::vector(got.begin(), got.begin() + 100) == numbers(0, 100));
  REQUIRE(reading().losses.size() == 1);
  CHECK(reading().losses[0].reason == "spool_thinned");
  CHECK(got.size() + reading().dropped == static_cast<std::size_t>(pushed));
}

TEST_CASE("a backlog that was rescued has nothing more to do, so that nobody is woken for it") {
  EngineServices engine;
  OutputSettings settings = OutputFixture::with_spool(Mode::always);
  InstanceHost host(engine.services, settings, "out", "output");
  Backlog backlog(engine.services, settings, host);
  const auto push = [&] { backlog.queue().push(std::make_shared<Batch>(1, make_sample(link("a"), 1, 1))); };
  push();
  CHECK(backlog.mark() == 1);
  backlog.keep_up(false);
  CHECK(backlog.next_turn() <= engine.clock.steady());
  backlog.rescue();
  push();
  CHECK(backlog.mark() > 1'000'000);
  CHECK(backlog.next_turn() == SteadyTime::max());
}

TEST_CASE_METHOD(AwayFixture, "at a stop a receiver that does not answer is not asked again") {
  int calls = 0;
  script().write = [&](std::span<const Sample>) {
    ++calls;
    gate.pass();
    return WriteResult::failed(Status::retry("dead"));
  };
  start();
  push(100);
  runner->request_stop(clock.steady() + 1min);
  gate.open();
  runner->join();
  CHECK(calls == 1);
  CHECK(on_disk_now() == numbers(0, 200));
}

TEST_CASE_METHOD(OutputFixture, "at a stop a slow receiver gets what a moment is enough for, the rest waits on disk") {
  const bool spooled = GENERATE(true, false);
  if (!spooled) settings.spool.mode = SpoolSettings::Mode::off;
  Gate gate;
  script().open = [&] {
    gate.pass();
    return Status::ok();
  };
  script().write = [this](std::span<const Sample> batch) {
    engine.clock.advance(300ms);
    return take(batch), WriteResult::all(batch);
  };
  make();
  push(400);
  push(500);
  runner->start();
  REQUIRE(gate.wait_until_reached());
  runner->request_stop(engine.clock.steady() + 10s);
  gate.open();
  runner->join();
  CHECK(reading().dropped == 0);
  CHECK(got == numbers(0, spooled ? 400 : 900));
  CHECK(on_disk_now() == (spooled ? numbers(400, 900) : numbers(0, 0)));
}
