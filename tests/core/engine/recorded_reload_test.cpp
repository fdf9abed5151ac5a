// Stops and reloads at the end of a recording: nothing of it is lost there, nor what is known of it.

#include "recorded_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

// More than the output's queue takes, and no more than both queues do.
constexpr std::int64_t count = 185;

/// A recording that has ended, of which the most stands in the queues before an output that hangs.
struct Ended : Replaying {
  Event go_on;
  std::unique_ptr<Graph> graph;

  Ended() {
    play.run = [](const std::string& name, const std::stop_token&, Emitter& emitter) {
      for (std::int64_t i = 1; i <= count; ++i) give(emitter, name, i);
      return Status::ok();
    };
    play.write = [this](const std::string& name, std::span<const Sample> batch) {
      go_on.wait();
      return take(name, batch);
    };
    graph = make(simple);
    start(*graph);
    REQUIRE(soon([&] { return graph->condition("input", "a", "recording") == "ended"; }));
    CHECK(graph->condition("pipeline", "main", "") == "runs");
  }

  /// Every sample, and every tick once, the last one at the end.
  void check_whole() {
    std::vector<std::string> ticks = all("out");
    std::erase_if(ticks, [](const std::string& each) { return !each.starts_with("tick"); });
    CHECK(ticks.size() == count / 10 + 1);
    CHECK(ticks.back() == concat("tick@", count));
    CHECK(without_ticks(all("out")).size() == count);
    CHECK(dropped() == 0);
  }
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

}  // namespace

TEST_CASE_METHOD(Ended, "a stop before the last tick of a recording that has ended does not lose it", "[recorded]") {
  graph->stop_sources();
  go_on.raise();
  graph->stop_outputs(30s);
  check_whole();
}

TEST_CASE_METHOD(Ended, "a reload before the last tick of a recording that has ended does not lose it", "[recorded]") {
  CHECK(reload(*graph, replaced(simple, "main: { queue: 100,", "main: { queue: 101,")).text() ==
        "pipeline main changed");
  go_on.raise();
  CHECK(wait_for_end(*graph) == Graph::End::whole);
  stop(*graph);
  check_whole();
}

TEST_CASE_METHOD(Ended, "where a live input follows a recording, what is left of that is not thinned", "[recorded]") {
  script().collect = [](Batch&) { return Status::ok(); };
  // Without the stage, which would tick by the clock.
  const std::string live = replaced(simple, "a: { plugin: recording, name: a }", "in: { plugin: script }");
  reload(*graph, replaced(live, "{ plugin: metronome }", ""));
  go_on.raise();
  CHECK(soon([&] { return reading_of(engine.meters, "out").queue == 0; }));
  stop(*graph);
  check_whole();
}

TEST_CASE("a stop while a recording that was read to its end is closed does not lose the last tick", "[recorded]") {
  Replaying f;
  Event closing;
  std::stop_token seen;
  play.run = [&](const std::string& name, const std::stop_token& stop, Emitter& emitter) {
    seen = stop;
    give(emitter, name, 5);
    return Status::ok();
  };
  play.close = [&] {
    closing.raise();
    soon([&] { return seen.stop_requested(); });
  };
  auto graph = f.make(simple);
  f.start(*graph);
  REQUIRE(closing.wait());
  Replaying::stop(*graph);
  CHECK(f.all("out") == std::vector<std::string>{"a@5", "tick@5"});
}

TEST_CASE("what is missing of a recording is not forgotten in a reload", "[recorded]") {
  Replaying f;
  play.run = seconds({1, 2});
  Graph::End wanted = Graph::End::failed;
  const auto run = [&] {
    auto graph = f.make(simple);
    f.start(*graph);
    CHECK(f.wait_for_end(*graph) == Graph::End::failed);
    play.open = [](const std::string&) { return Status::ok(); };
    play.run = seconds({1, 2});
    play.write = [&](const std::string& name, std::span<const Sample> batch) { return f.take(name, batch); };
    f.reload(*graph, simple);
    f.reload(*graph, replaced(simple, "name: a", "name: b"));
    CHECK(f.wait_for_end(*graph) == wanted);
    Replaying::stop(*graph);
  };
  SECTION("of one that broke off") {
    play.run = [](const std::string& name, const std::stop_token&, Emitter& emitter) {
      give(emitter, name, 1);
      return Status::retry("cut off");
    };
    run();
  }
  SECTION("of one that came to a pipeline which stood still") {
    play.open = [](const std::string& name) { return name == "metronome" ? Status::fatal("never") : Status::ok(); };
    run();
  }
  SECTION("of one that came to an output which had ended") {
    play.write = [](const std::string&, std::span<const Sample>) {
      return WriteResult::failed(Status::fatal("closed"));
    };
    run();
  }
  SECTION("but one that could not be opened had given nothing") {
    play.open = [](const std::string& name) { return name == "a" ? Status::retry("not there") : Status::ok(); };
    wanted = Graph::End::whole;
    run();
  }
}
