// The output runner with its spool: outputs that refuse, are slow, die in the middle, reject and hang.

#include "core/small_disk.hpp"
#include "spool_output_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;
using Mode = SpoolSettings::Mode;

TEST_CASE_METHOD(OutputFixture,
                 "a failing output: up to half the queue stays in memory, more goes to disk; none is lost") {
  make();
  dead();
  push(400);
  CHECK_FALSE(runner->step().is_ok());
  CHECK_FALSE(on_disk());
  for (int i = 0; i < 100; ++i) {
    push(50);
    CHECK_FALSE(runner->step().is_ok());
  }
  CHECK(on_disk());
  CHECK(reading().queue <= 500);
  healthy();
  drain();
  CHECK(got == numbers(0, pushed));
  CHECK(largest <= 100);
  CHECK(reading().dropped == 0);
  CHECK(reading().samples_out == static_cast<std::uint64_t>(pushed));
  CHECK(reading().samples_in == static_cast<std::uint64_t>(pushed));
  CHECK_FALSE(on_disk());
}

TEST_CASE_METHOD(OutputFixture, "much at once for a healthy output stays in memory") {
  make();
  healthy();
  for (int i = 0; i < 20; ++i) {
    push(900);
    while (runner->queue().size() > 0) {
      REQUIRE(runner->step().is_ok());
      REQUIRE_FALSE(std::filesystem::exists(folder));
    }
  }
  drain();
  CHECK(got == numbers(0, pushed));
}

TEST_CASE_METHOD(OutputFixture, "a slow output that never fails: what it cannot keep up with goes to disk, in order") {
  make();
  script().write = [this](std::span<const Sample> batch) {
    if (pushed < 20'000) push(300);  // meanwhile
    take(batch);
    return WriteResult::all(batch);
  };
  push(300);
  bool stored = false;
  while (pushed < 20'000) {
    REQUIRE(runner->step().is_ok());
    stored = stored || on_disk();
  }
  CHECK(stored);
  healthy();
  drain();
  CHECK(got == numbers(0, pushed));
  CHECK(reading().dropped == 0);
}

TEST_CASE_METHOD(OutputFixture, "mode always: every sample is on disk before the first try, and gone after it") {
  settings = with_spool(Mode::always);
  make();
  int calls = 0;
  script().write = [this, &calls](std::span<const Sample> batch) {
    const auto stored = on_disk_now();
    CHECK(stored.back() == pushed - 1);
    CHECK(stored.front() <= batch.front().time.time_since_epoch() / 1s);
    if (++calls % 3 == 0) return WriteResult::failed(Status::retry("busy"));
    take(batch);
    return WriteResult::all(batch);
  };
  for (int i = 0; i < 30; ++i) {
    push(30);
    const bool written = runner->step().is_ok();
    CHECK(written == (calls % 3 != 0));
  }
  healthy();
  drain();
  CHECK(got == numbers(0, pushed));
  CHECK_FALSE(on_disk());
}

TEST_CASE_METHOD(OutputFixture, "mode off: nothing is ever made on disk") {
  settings = with_spool(Mode::off);
  make();
  dead();
  for (int i = 0; i < 100; ++i) {
    push(50);
    CHECK_FALSE(runner->step().is_ok());
  }
  CHECK_FALSE(std::filesystem::exists(engine.folder.path() / "spool"));
  CHECK(reading().dropped > 0);
}

TEST_CASE_METHOD(OutputFixture, "an output that dies in the middle of batches gets everything once") {
  for (const Mode mode : {Mode::on_failure, Mode::always}) {
    settings = with_spool(mode);
    make();
    got.clear();
    const int from = pushed;
    int call = 0;
    script().write = [this, &call](std::span<const Sample> batch) {
      const std::size_t written = std::min<std::size_t>(batch.size(), static_cast<std::size_t>(++call) * 37 % 100);
      take(batch.first(written));
      return WriteResult::failed(Status::retry("died"), written);
    };
    for (int i = 0; i < 300; ++i) {
      push(100);
      CHECK_FALSE(runner->step().is_ok());
    }
    healthy();
    drain();
    CHECK(got == numbers(from, pushed));
  }
}

TEST_CASE_METHOD(OutputFixture, "samples that come from disk may be rejected like any other") {
  make();
  dead();
  for (int i = 0; i < 10; ++i) {
    push(100);
    CHECK_FALSE(runner->step().is_ok());
  }
  REQUIRE(on_disk());
  script().write = [this](std::span<const Sample> batch) {
    take(batch);
    WriteResult result = WriteResult::all(batch);
    result.rejected = {0};
    return result;
  };
  std::size_t batches = 0;
  while (got.size() < 1'000) {
    REQUIRE(runner->step().is_ok());
    ++batches;
  }
  CHECK(reading().rejected == batches);
  CHECK(reading().samples_out == 1'000 - batches);
  const std::string rejects = read_file(engine.folder.path() / "rejects" / "out.txt");
  CHECK(static_cast<std::size_t>(std::ranges::count(rejects, '\n')) == 2 * batches);
}

TEST_CASE_METHOD(OutputFixture, "what a dead output left at the stop is delivered by the next daemon, oldest first") {
  SystemClock clock;
  const Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  make(services);
  dead();
  push(70);
  runner->start();
  runner->request_stop(clock.steady() + 1min);
  runner->join();
  CHECK(reading().dropped == 0);
  make(services);
  push(30);
  runner->start();
  runner->request_stop(clock.steady() + 1min);
  runner->join();
  healthy();
  make(services);
  push(30);
  drain();
  CHECK(got == numbers(0, 130));
}

TEST_CASE_METHOD(OutputFixture, "a spool over a cap that was lowered is delivered, or thinned once delivery fails") {
  make();
  dead();
  for (int i = 0; i < 30; ++i) {
    push(1'000);
    CHECK_FALSE(runner->step().is_ok());
  }
  const auto bytes = [this] { return engine.meters.readings().at(0).own.at(1).value; };
  REQUIRE(reading().own.at(1).name == "spool_bytes");
  REQUIRE(bytes() > 64 * 1024);
  settings.spool.max_size = ByteSize{64 * 1024};
  make();
  SECTION("delivered") {
    healthy();
    drain();
    CHECK((got == numbers(0, pushed)));
  }
  SECTION("thinned") {
    CHECK_FALSE(runner->step().is_ok());
    CHECK_FALSE(runner->step().is_ok());
    CHECK(bytes() <= 64 * 1024);
    CHECK(reading().losses.at(0).reason == "spool_thinned");
    healthy();
    drain();
    CHECK((std::ranges::adjacent_find(got, std::greater_equal<>()) == got.end()));
    CHECK(got.size() + reading().dropped == static_cast<std::size_t>(pushed));
  }
}

TEST_CASE_METHOD(OutputFixture, "a stop whose deadline has passed tries nothing and keeps everything") {
  SystemClock clock;
  const Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  script().open = [] { return Status::retry("not there"); };
  healthy();
  make(services);
  push(900);
  runner->start();
  runner->request_stop(clock.steady() - 1s);
  runner->join();
  CHECK(got.empty());
  CHECK(on_disk_now() == numbers(0, 900));
}

TEST_CASE_METHOD(OutputFixture, "an output that hangs is rescued: what it holds and what waits goes to disk") {
  SystemClock clock;
  const Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  bool from_disk = false;
  SECTION("with a batch from memory in its hands") {}
  SECTION("with a batch from disk in its hands") { from_disk = true; }
  SECTION("mode always") { settings = with_spool(Mode::always); }
  make(services);
  if (from_disk) {
    dead();
    push(50);
    runner->start();
    runner->request_stop(clock.steady());
    runner->join();
    make(services);
  }
  Gate gate;
  script().write = [&](std::span<const Sample> batch) {
    gate.pass();
    return WriteResult::all(batch);
  };
  push(150);
  runner->start();
  REQUIRE(gate.wait_until_reached());
  push(50);
  runner->request_stop(clock.steady());
  runner->rescue();
  CHECK(on_disk_now() == numbers(0, pushed));
  runner->rescue();  // asked twice
  gate.open();
  runner->join();
  CHECK(on_disk_now() == numbers(0, pushed));
  CHECK(reading().dropped == 0);
}

TEST_CASE_METHOD(OutputFixture, "an output that ends for good keeps its samples for the time after it is mended") {
  SystemClock clock;
  const Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  Gate tried;
  SECTION("it cannot open") {
    script().open = [&] {
      tried.open();
      tried.pass();
      return Status::fatal("never");
    };
  }
  SECTION("it cannot write") {
    script().write = [&](std::span<const Sample>) {
      tried.open();
      tried.pass();
      return WriteResult::failed(Status::fatal("never"));
    };
  }
  make(services);
  push(800);
  runner->start();
  REQUIRE(tried.wait_until_reached());
  push(60);
  runner->request_stop(clock.steady() + 1min);
  runner->join();
  CHECK(reading().dropped == 0);
  CHECK(on_disk_now() == numbers(0, 860));
  script().open = [] { return Status::ok(); };
  healthy();
  make(services);
  drain();
  CHECK(got == numbers(0, 860));
}

TEST_CASE_METHOD(OutputFixture, "while an output waits for its next try, a queue that fills up goes to disk") {
  SystemClock clock;
  const Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  Gate tried;
  script().write = [&](std::span<const Sample>) {
    tried.open();
    tried.pass();
    return WriteResult::failed(Status::retry("dead").not_before(1h));
  };
  make(services);
  push(1);
  runner->start();
  REQUIRE(tried.wait_until_reached());
  for (int i = 0; i < 100; ++i) {
    push(100);
    // Until the thread has taken it away: the queue would thin otherwise.
    while (runner->queue().size() > 500) std::this_thread::yield();
  }
  runner->request_stop(clock.steady());
  runner->join();
  CHECK(reading().dropped == 0);
  CHECK(on_disk_now() == numbers(0, pushed));
}

TEST_CASE_METHOD(OutputFixture, "a full disk: samples wait in memory, the totals survive, and on it goes") {
  const SmallDisk disk(engine.folder.path() / "spool");
  if (!disk.mounted()) {
    WARN("no right to mount a small file system: not tested");
    return;
  }
  for (const Mode mode : {Mode::on_failure, Mode::always}) {
    settings = with_spool(mode);
    make();
    got.clear();
    const int from = pushed;
    disk.fill();
    dead();
    for (int i = 0; i < 60; ++i) {
      push(50);
      CHECK_FALSE(runner->step().is_ok());
      engine.clock.advance(10s);
      REQUIRE(reading().queue <= 1'000);
    }
    disk.free();
    engine.clock.advance(2min);
    for (int i = 0; i < 30; ++i) {
      push(50);
      CHECK_FALSE(runner->step().is_ok());
    }
    CHECK(on_disk());
    healthy();
    drain();
    CHECK(std::ranges::is_sorted(got));
    CHECK(got.front() == from);
    CHECK(got.back() == pushed - 1);
    CHECK(got.size() > 1'000);
  }
  CHECK(reading().losses.size() == 1);
  CHECK(reading().losses[0].reason == "thinned");
}
