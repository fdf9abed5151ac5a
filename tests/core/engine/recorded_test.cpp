// Recordings: nothing of them is lost at any speed, and their pipelines tick by the time of their samples.

#include "recorded_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

TEST_CASE("a recording waits for an output, and every sample comes once and in order", "[recorded]") {
  Replaying f;
  constexpr std::int64_t count = 5000;
  Event blocked;
  play.run = [&](const std::string& name, const std::stop_token&, Emitter& emitter) {
    for (std::int64_t i = 1; i <= count; ++i) {
      // Far more than all queues hold together, while nothing has been written yet.
      give(emitter, name, i);
      if (i == 100) blocked.raise();
    }
    return Status::ok();
  };
  play.write = [&](const std::string& name, std::span<const Sample> batch) {
    CHECK(blocked.wait());
    return f.take(name, batch);
  };
  auto graph = f.make(simple);
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  const std::vector<std::string> samples = without_ticks(f.all("out"));
  REQUIRE(samples.size() == count);
  for (std::size_t i = 0; i < count; ++i) CHECK(samples[i] == concat("a@", i + 1));
  CHECK(f.all("out").size() == count + count / 10);
  CHECK(f.dropped() == 0);
}

TEST_CASE("no queue holds more than its bound, however slowly it is emptied", "[recorded]") {
  Replaying f;
  Event go_on;
  std::atomic<std::int64_t> given{0};
  play.run = [&](const std::string& name, const std::stop_token& stop, Emitter& emitter) {
    while (!stop.stop_requested()) give(emitter, name, ++given);
    return Status::ok();
  };
  play.write = [&](const std::string& name, std::span<const Sample> batch) {
    CHECK(go_on.wait());
    return f.take(name, batch);
  };
  auto graph = f.make(simple);
  f.start(*graph);
  const auto length = [&](const char* id) { return reading_of(f.engine.meters, id).queue; };
  REQUIRE(soon([&] { return length("out") == 100 && length("main") == 100; }));
  // Both queues, a batch in the output, one in the pipeline's hands, one in the input's, ticks beside.
  CHECK(given <= 100 + 100 + 10 + 2);
  go_on.raise();
  Replaying::stop(*graph);
  // A stop ends the reading, not what was read; and it is not the end of the recording.
  for (const std::string& each : f.all("out")) CHECK((!each.starts_with("tick") || each.ends_with('0')));
  CHECK(without_ticks(f.all("out")).size() == static_cast<std::size_t>(given));
  CHECK(f.dropped() == 0);
}

TEST_CASE("a stop ends what waits for an output that hangs, and nothing is thinned", "[recorded]") {
  Replaying f;
  Event go_on;
  std::atomic<std::int64_t> given{0};
  play.run = [&](const std::string& name, const std::stop_token& stop, Emitter& emitter) {
    while (!stop.stop_requested()) give(emitter, name, ++given);
    return Status::ok();
  };
  play.write = [&](const std::string&, std::span<const Sample>) {
    CHECK(go_on.wait());
    return WriteResult::failed(Status::retry("gone"));
  };
  auto graph = f.make(simple);
  f.start(*graph);
  REQUIRE(soon([&] { return reading_of(f.engine.meters, "main").queue == 100; }));
  graph->stop_sources();
  CHECK(graph->running() == std::vector<std::string>{"output out"});
  go_on.raise();
  graph->stop_outputs(Duration::zero());
  const SelfReading out = reading_of(f.engine.meters, "out");
  CHECK(out.dropped == out.samples_in);
  CHECK(out.samples_in >= static_cast<std::uint64_t>(given));
  REQUIRE(out.losses.size() == 1);
  CHECK(out.losses[0].reason == "stop");
}

TEST_CASE("an output that fails keeps a recording on disk where it has a spool", "[recorded]") {
  Replaying f;
  constexpr std::int64_t count = 3000;
  play.run = [&](const std::string& name, const std::stop_token&, Emitter& emitter) {
    for (std::int64_t i = 1; i <= count; ++i) give(emitter, name, i);
    return Status::ok();
  };
  const std::string spooled = R"(
inputs: { a: { plugin: recording, name: a } }
outputs: { out: { plugin: store, name: out, flush_interval: 0s, queue: 100, batch_size: 10, spool: { max_age: 1h } } }
pipelines: { main: { queue: 100 } }
)";
  play.write = [](const std::string&, std::span<const Sample>) {
    return WriteResult::failed(Status::retry("gone").not_before(5ms));
  };
  {
    auto graph = f.make(spooled);
    f.start(*graph);
    CHECK(f.wait_for_end(*graph) == Graph::End::whole);
    Replaying::stop(*graph);
    CHECK(f.dropped() == 0);
  }
  play.run = seconds({});
  play.write = [&](const std::string& name, std::span<const Sample> batch) { return f.take(name, batch); };
  auto graph = f.make(spooled);
  f.start(*graph);
  CHECK(soon([&] { return f.all("out").size() == count; }));
  Replaying::stop(*graph);
  CHECK(f.all("out").size() == count);
}

TEST_CASE("a slow output with a spool paces a recording: nothing goes to disk", "[recorded]") {
  Replaying f;
  play.run = [&](const std::string& name, const std::stop_token&, Emitter& emitter) {
    for (std::int64_t i = 1; i <= 3000; ++i) give(emitter, name, i);
    return Status::ok();
  };
  auto graph = f.make(R"(
inputs: { a: { plugin: recording, name: a } }
outputs: { out: { plugin: store, name: out, flush_interval: 0s, queue: 100, batch_size: 10 } }
pipelines: { main: { queue: 100 } }
)");
  std::atomic<bool> spooled{false};
  play.write = [&](const std::string& name, std::span<const Sample> batch) {
    const auto folder = f.engine.folder.path() / "spool" / "out";
    if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder)) spooled = true;
    return f.take(name, batch);
  };
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  CHECK(f.all("out").size() == 3000);
  CHECK_FALSE(spooled);
}

TEST_CASE("stages tick at aligned times of the data, between the samples, and once more at the end", "[recorded]") {
  Replaying f;
  play.run = seconds({13, 20, 21, 30, 55, 57});
  auto graph = f.make(simple);
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  CHECK(f.all("out") == std::vector<std::string>{"a@13", "a@20", "tick@20", "a@21", "a@30", "tick@30", "tick@40",
                                                 "tick@50", "a@55", "a@57", "tick@57"});
}

TEST_CASE("one batch over several ticks is run through in pieces; an end on a tick ticks once", "[recorded]") {
  Replaying f;
  play.run = [](const std::string& name, const std::stop_token&, Emitter& emitter) {
    Batch batch;
    for (const std::int64_t second : {-15, -10, -9, 3, 40}) batch.push_back(make_sample(link(name), second, 1));
    emitter.emit(batch);
    return Status::ok();
  };
  auto graph = f.make(simple);
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  CHECK(f.all("out") == std::vector<std::string>{"a@-15", "a@-10", "tick@-10", "a@-9", "tick@0", "a@3", "tick@10",
                                                 "tick@20", "tick@30", "a@40", "tick@40"});
}

TEST_CASE("a recording without a sample ends without a tick", "[recorded]") {
  Replaying f;
  play.run = seconds({});
  auto graph = f.make(simple);
  CHECK(graph->only_replays());
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  CHECK(f.all("out").empty());
}

TEST_CASE("the ticks of a gap are bounded", "[recorded]") {
  DataTicker ticker(1s);
  CHECK(ticker.due() == Timestamp::max());
  ticker.begin(Timestamp(5s));
  CHECK(ticker.due() == Timestamp(5s));
  ticker.next(Timestamp(4s));
  CHECK(ticker.due() == Timestamp(6s));
  ticker.next(Timestamp(1'000'000s));
  CHECK(ticker.due() == Timestamp(1'000'000s));
  CHECK(ticker.missed() == 1'000'000 - 7);
  ticker.next(Timestamp::max());
  CHECK(ticker.due() <= Timestamp::max());
  ticker.next(Timestamp::max());
  CHECK(ticker.due() == Timestamp::max());
  ticker.begin(Timestamp::max());
  CHECK(ticker.due() == Timestamp::max());
  ticker.begin(Timestamp::min());
  ticker.next(Timestamp::max());
  CHECK(ticker.due() > Timestamp::max() - 1s);
}

TEST_CASE("several recordings of a pipeline are read in the order of their times", "[recorded]") {
  Replaying f;
  play.run = [](const std::string& name, const std::stop_token&, Emitter& emitter) {
    const std::vector<std::int64_t> own = name == "a"   ? std::vector<std::int64_t>{1, 4, 5, 30}
                                          : name == "b" ? std::vector<std::int64_t>{2, 4, 31, 32, 33}
                                                        : std::vector<std::int64_t>{3};
    for (const std::int64_t second : own) give(emitter, name, second);
    return Status::ok();
  };
  auto graph = f.make(R"(
inputs:
  a: { plugin: recording, name: a }
  b: { plugin: recording, name: b }
  c: { plugin: recording, name: c }
outputs:
  out: { plugin: store, name: out, flush_interval: 0s }
  other: { plugin: store, name: other, flush_interval: 0s }
pipelines:
  main: { inputs: [a, b, c], stages: [ { plugin: metronome } ], outputs: [out] }
  second: { inputs: [b, a], outputs: [other] }
)");
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  CHECK(f.all("out") == std::vector<std::string>{"a@1", "b@2", "c@3", "a@4", "b@4", "a@5", "tick@10", "tick@20", "a@30",
                                                 "tick@30", "b@31", "b@32", "b@33", "tick@33"});
  CHECK(f.all("other") == std::vector<std::string>{"a@1", "b@2", "a@4", "b@4", "a@5", "a@30", "b@31", "b@32", "b@33"});
}
