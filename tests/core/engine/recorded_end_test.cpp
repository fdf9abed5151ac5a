// Recordings: how the daemon learns that all have ended, what fails on the way, what must not be mixed, reloads.

#include "recorded_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

TEST_CASE("one recording feeds two pipelines, and an unused one ends too", "[recorded]") {
  Replaying f;
  play.run = seconds({1, 2, 3});
  auto graph = f.make(R"(
inputs: { a: { plugin: recording, name: a }, unused: { plugin: recording, name: unused } }
outputs:
  one: { plugin: store, name: one, flush_interval: 0s }
  two: { plugin: store, name: two, flush_interval: 0s }
pipelines:
  first: { inputs: [a], outputs: [one] }
  second: { inputs: [a], outputs: [ { to: two, when: { measurement: other } }, one ] }
)");
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  CHECK(f.all("one").size() == 6);
  CHECK(f.all("two").empty());
  CHECK(f.dropped() == 0);
}

TEST_CASE("at the end of a recording no output waits for a batch to fill", "[recorded]") {
  Replaying f;
  play.run = seconds({1, 2, 3});
  auto graph = f.make(R"(
inputs: { a: { plugin: recording, name: a } }
outputs: { out: { plugin: store, name: out, flush_interval: 1h } }
)");
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  CHECK(f.all("out").size() == 3);
}

TEST_CASE("a live input keeps the daemon running, and what is live beside a recording is not held up", "[recorded]") {
  Replaying f;
  play.run = seconds({1, 2, 3});
  auto graph = f.make(R"(
interval: 10ms
inputs: { a: { plugin: recording, name: a }, in: { plugin: script } }
outputs:
  one: { plugin: store, name: one, flush_interval: 0s }
  two: { plugin: script, flush_interval: 0s }
pipelines:
  first: { inputs: [a], outputs: [one] }
  second: { inputs: [in], outputs: [two] }
)");
  CHECK_FALSE(graph->only_replays());
  f.start(*graph);
  REQUIRE(f.wrote.wait());
  REQUIRE(soon([&] { return graph->condition("pipeline", "first", "") == "ended"; }));
  CHECK(graph->end() == Graph::End::running);
  Replaying::stop(*graph);
  CHECK(f.all("one").size() == 3);
}

TEST_CASE("recordings and live inputs in one pipeline are refused at their place", "[recorded]") {
  Replaying f;
  const std::string inputs =
      "inputs: { a: { plugin: recording }, in: { plugin: script } }\n"
      "outputs: { out: { plugin: script } }\n";
  const std::string words =
      "'a' is a recording and 'in' is not, and pipeline 'main' cannot take both, for it ticks by the time of the "
      "samples "
      "or by the clock; give each a pipeline of its own\n";
  CHECK(f.faults(inputs + "pipelines: { main: { inputs: [a, in] } }") ==
        "test:3:34: pipelines.main.inputs[1]: " + words);
  CHECK(f.faults(inputs + "pipelines: { main: { inputs: [in, a] } }") ==
        "test:3:35: pipelines.main.inputs[1]: " + words);
  CHECK(f.faults(inputs) == "test:1:41: inputs.in: " + words);
  CHECK(f.faults(inputs + "pipelines: { main: { inputs: [in] }, other: { inputs: [a] } }").empty());
}

TEST_CASE("a recording that fails has ended: what it gave goes through, and the end says so", "[recorded]") {
  for (const bool fatal : {false, true}) {
    Replaying f;
    std::atomic<int> runs{0};
    play.run = [&](const std::string& name, const std::stop_token&, Emitter& emitter) {
      give(emitter, name, 1);
      if (name == "good") return Status::ok();
      ++runs;
      return fatal ? Status::fatal("cut off") : Status::retry("cut off");
    };
    play.open = [](const std::string& name) { return name == "missing" ? Status::retry("not there") : Status::ok(); };
    auto graph = f.make(R"(
inputs:
  bad: { plugin: recording, name: bad }
  good: { plugin: recording, name: good }
  missing: { plugin: recording, name: missing }
outputs: { out: { plugin: store, name: out, flush_interval: 0s } }
)");
    f.start(*graph);
    CHECK(f.wait_for_end(*graph) == Graph::End::failed);
    Replaying::stop(*graph);
    CHECK(f.all("out").size() == 2);
    CHECK(runs == 1);
    CHECK(graph->condition("input", "bad", "recording") == "failed");
    CHECK(graph->condition("input", "good", "recording") == "ended");
  }
}

TEST_CASE("a recording whose start matters takes the daemon with it", "[recorded]") {
  Replaying f;
  play.open = [](const std::string&) { return Status::retry("not there"); };
  auto graph = f.make(R"(
inputs: { a: { plugin: recording, on_start_error: exit } }
outputs: { out: { plugin: script } }
)");
  f.start(*graph);
  CHECK(f.wait_for_end(*graph) == Graph::End::failed);
  CHECK(f.fatal == 1);
  Replaying::stop(*graph);
}

TEST_CASE("a pipeline or an output that ended for good does not keep a recording from its end", "[recorded]") {
  Replaying f;
  play.run = [](const std::string& name, const std::stop_token&, Emitter& emitter) {
    for (std::int64_t i = 1; i <= 1000; ++i) give(emitter, name, i);
    return Status::ok();
  };
  SECTION("a stage that cannot open") {
    play.open = [](const std::string& name) { return name == "metronome" ? Status::fatal("never") : Status::ok(); };
    auto graph = f.make(simple);
    f.start(*graph);
    CHECK(f.wait_for_end(*graph) == Graph::End::failed);
    Replaying::stop(*graph);
    const SelfReading main = reading_of(f.engine.meters, "main");
    CHECK(main.dropped == 1000);
    REQUIRE(main.losses.size() == 1);
    CHECK(main.losses[0].reason == "pipeline_stopped");
  }
  SECTION("an output without a spool") {
    play.write = [](const std::string&, std::span<const Sample>) {
      return WriteResult::failed(Status::fatal("closed"));
    };
    auto graph = f.make(simple);
    f.start(*graph);
    CHECK(f.wait_for_end(*graph) == Graph::End::failed);
    Replaying::stop(*graph);
    CHECK(reading_of(f.engine.meters, "out").dropped == 1100);
  }
}

namespace {

std::string two(const std::string& first, const std::string& second, const std::string& stage = "") {
  return concat(
      "inputs: { a: { plugin: recording, name: ", first, " }, b: { plugin: recording, name: ", second,
      " } }\noutputs: { out: { plugin: store, name: out, flush_interval: 0s, queue: 100, spool: { mode: off } } }\n",
      "pipelines: { main: { queue: 100, stages: [ ", stage, " ] } }\n");
}

}  // namespace

TEST_CASE("a reload in the middle of a recording: an unchanged one goes on with what it has in hand", "[recorded]") {
  Replaying f;
  Event go_on, blocked;
  play.run = [&](const std::string& name, const std::stop_token& stop, Emitter& emitter) {
    if (name == "new") return give(emitter, name, 1), Status::ok();
    for (std::int64_t i = 1; i <= 1000 && !stop.stop_requested(); ++i) give(emitter, name, i);
    return Status::ok();
  };
  play.write = [&](const std::string& name, std::span<const Sample> batch) {
    CHECK(go_on.wait());
    return f.take(name, batch);
  };
  auto graph = f.make(two("a", "b"));
  f.start(*graph);
  REQUIRE(soon([&] { return reading_of(f.engine.meters, "main").queue == 100; }));
  Problems problems;
  const auto reload = [&](const std::string& yaml) {
    const Settings settings = read_settings(parse_config(yaml, "test", problems), problems);
    const auto changes = graph->reload(
        f.catalog, settings, 30s, [] { return false; }, problems);
    REQUIRE(changes);
    REQUIRE(problems.empty());
    return changes->text();
  };
  CHECK(reload(two("a", "b", "{ plugin: metronome }")) == "pipeline main changed");
  CHECK(reload(two("a", "new", "{ plugin: metronome }")) == "input b changed, pipeline main changed");
  go_on.raise();
  CHECK(f.wait_for_end(*graph) == Graph::End::whole);
  Replaying::stop(*graph);
  std::vector<std::string> all = f.all("out");
  std::erase_if(all, [](const std::string& each) { return !each.starts_with("a@"); });
  REQUIRE(all.size() == 1000);
  for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i] == concat("a@", i + 1));
  CHECK(f.dropped() == 0);
}

TEST_CASE("after the last live input is taken away by a reload, the recordings end the daemon", "[recorded]") {
  Replaying f;
  play.run = seconds({1, 2});
  const std::string rest = "outputs: { out: { plugin: store, name: out, flush_interval: 0s } }\n";
  auto graph = f.make(concat("inputs: { a: { plugin: recording, name: a }, in: { plugin: script } }\n", rest,
                             "pipelines: { main: { inputs: [a] }, other: { inputs: [in] } }\n"));
  f.start(*graph);
  REQUIRE(soon([&] { return graph->condition("pipeline", "main", "") == "ended"; }));
  CHECK(graph->end() == Graph::End::running);
  Problems problems;
  const std::string after =
      concat("inputs: { a: { plugin: recording, name: a } }\n", rest, "pipelines: { main: { inputs: [a] } }\n");
  const Settings settings = read_settings(parse_config(after, "test", problems), problems);
  REQUIRE(graph->reload(
      f.catalog, settings, 30s, [] { return false; }, problems));
  REQUIRE(problems.empty());
  CHECK(soon([&] { return graph->end() == Graph::End::whole; }));
  Replaying::stop(*graph);
}
