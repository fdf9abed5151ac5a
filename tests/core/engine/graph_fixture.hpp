#pragma once
// A whole graph with its threads, on the real clock.

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "catch.hpp"
#include "engine/config_file.hpp"
#include "engine/graph.hpp"
#include "engine/system_clock.hpp"
#include "engine_fixture.hpp"

namespace trafficd::testing {

/// Something that a test waits for, with an end.
class Event {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    raised_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [this] { return raised_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool raised_ = false;
};

struct GraphFixture {
  EngineServices engine;
  SystemClock clock;
  Services services{clock, engine.journal, engine.meters, engine.state, engine.folder.path()};
  Catalog catalog{{}};
  Problems problems;
  std::atomic<int> fatal{0};
  std::atomic<std::uint64_t> collected{0}, written{0};
  Event wrote, fataled;

  GraphFixture() {
    catalog.add(&script_input());
    catalog.add(&script_stage());
    catalog.add(&script_output());
    script().open = [] { return Status::ok(); };
    script().process = [](Batch&) {};
    script().collect = [this](Batch& out) {
      out.push_back(make_sample(link("a"), static_cast<std::int64_t>(++collected), 1));
      return Status::ok();
    };
    script().write = [this](std::span<const Sample> batch) {
      written += batch.size();
      wrote.raise();
      return WriteResult::all(batch);
    };
  }
  ~GraphFixture() { script() = Script{}; }

  std::unique_ptr<Graph> make(const std::string& yaml) {
    const Settings settings = read_settings(parse_config(yaml, "test", problems), problems);
    auto graph = std::make_unique<Graph>(services, catalog, settings, problems, [this] {
      ++fatal;
      fataled.raise();
    });
    REQUIRE(problems.empty());
    return graph;
  }
  /// What is wrong with it, a line each.
  std::string faults(const std::string& yaml) {
    Problems found;
    const Settings settings = read_settings(parse_config(yaml, "test", found), found);
    const Graph graph(services, catalog, settings, found, [] {});
    std::string all;
    for (const Problem& each : found) all += each.text() + '\n';
    return all;
  }
};

}  // namespace trafficd::testing
