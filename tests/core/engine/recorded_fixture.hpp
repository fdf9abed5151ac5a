#pragma once
// Recordings that a test makes up, in a graph with its threads.

#include <map>
#include <mutex>

#include "graph_fixture.hpp"

namespace trafficd::testing {

using namespace std::chrono_literals;

/// What the instances below do; they are told apart by their option `name`. One test runs at a time.
struct Play {
  std::function<Status(const std::string&)> open = [](const std::string&) { return Status::ok(); };
  std::function<Status(const std::string&, const std::stop_token&, Emitter&)> run;
  std::function<void()> close = [] {};
  std::function<WriteResult(const std::string&, std::span<const Sample>)> write;
};
inline Play play;

struct Named {
  struct Config {
    std::string name;
  };
  static Options<Config> options() { return Options<Config>{}.add("name", &Config::name, "Who it is."); }
  explicit Named(const ConfigNode& node) : name(options().parse(node).name) {}
  static Declarations declare() { return {options().docs(), {}, {}}; }
  const std::string name;
};

struct Recording final : StreamInput, Named {
  Recording(const ConfigNode& node, Host&) : Named(node) {}
  Status open() override { return play.open(name); }
  Status run(std::stop_token stop, Emitter& emitter) override { return play.run(name, stop, emitter); }
  bool recorded() const override { return true; }
  void close() noexcept override { play.close(); }
};

/// Adds a sample at each tick, of a link that is called as the stage is.
struct Metronome final : Stage, Named {
  Metronome(const ConfigNode& node, Host&) : Named(node) {}
  Status open() override { return play.open("metronome"); }
  void process(Batch&) override {}
  Duration tick_interval() const override { return 10s; }
  void tick(Timestamp now, Batch& out) override { out.push_back({link("tick"), now, 1, false, false, {{}, Value(1)}}); }
};

struct Store final : Output, Named {
  Store(const ConfigNode& node, Host&) : Named(node) {}
  WriteResult write(std::span<const Sample> batch) override { return play.write(name, batch); }
};

inline const PluginDescriptor recording = describe_plugin<Recording>("recording", "");
inline const PluginDescriptor metronome = describe_plugin<Metronome>("metronome", "");
inline const PluginDescriptor store = describe_plugin<Store>("store", "");

struct Replaying : GraphFixture {
  std::mutex mutex;                                       // guards this
  std::map<std::string, std::vector<std::string>> taken;  // by output: `link@second`
  std::mutex end_mutex;
  std::condition_variable end_changed;

  Replaying() {
    catalog.add(&recording);
    catalog.add(&metronome);
    catalog.add(&store);
    play = {};
    play.write = [this](const std::string& name, std::span<const Sample> batch) { return take(name, batch); };
  }
  ~Replaying() { play = {}; }

  WriteResult take(const std::string& name, std::span<const Sample> batch) {
    const std::lock_guard lock(mutex);
    for (const Sample& each : batch)
      taken[name].push_back(
          concat(*each.series->tag("link"), '@',
                 std::chrono::duration_cast<std::chrono::seconds>(each.time.time_since_epoch()).count()));
    return WriteResult::all(batch);
  }
  std::vector<std::string> all(const std::string& name) {
    const std::lock_guard lock(mutex);
    return taken[name];
  }
  void start(Graph& graph) {
    graph.start([this] {
      const std::lock_guard lock(end_mutex);
      end_changed.notify_all();
    });
  }
  /// As the daemon waits for it: told that something ended, then asking again while outputs write.
  Graph::End wait_for_end(const Graph& graph) {
    const auto until = std::chrono::steady_clock::now() + 30s;
    std::unique_lock lock(end_mutex);
    while (std::chrono::steady_clock::now() < until) {
      const Graph::End end = graph.end();
      if (end == Graph::End::whole || end == Graph::End::failed) return end;
      if (end == Graph::End::emptying)
        end_changed.wait_for(lock, 1ms);
      else
        end_changed.wait_until(lock, until);
    }
    return graph.end();
  }
  Changes reload(Graph& graph, const std::string& yaml) {
    const Settings settings = read_settings(parse_config(yaml, "test", problems), problems);
    const auto changes = graph.reload(
        catalog, settings, 30s, [] { return false; }, problems);
    REQUIRE(problems.empty());
    REQUIRE(changes);
    return *changes;
  }
  static void stop(Graph& graph) {
    graph.stop_sources();
    graph.stop_outputs(30s);
  }
  std::uint64_t dropped() {
    std::uint64_t sum = 0;
    for (const SelfReading& each : engine.meters.readings()) sum += each.dropped;
    return sum;
  }
};

inline void give(Emitter& emitter, const std::string& name, std::int64_t second) {
  Batch batch{make_sample(link(name), second, static_cast<std::uint64_t>(second))};
  emitter.emit(batch);
}

/// Samples of these seconds, one a batch.
inline auto seconds(std::vector<std::int64_t> all) {
  return [all](const std::string& name, const std::stop_token&, Emitter& emitter) {
    for (const std::int64_t second : all) give(emitter, name, second);
    return Status::ok();
  };
}

inline constexpr const char* simple = R"(
inputs: { a: { plugin: recording, name: a } }
outputs: { out: { plugin: store, name: out, flush_interval: 0s, queue: 100, batch_size: 10, spool: { mode: off } } }
pipelines: { main: { queue: 100, stages: [ { plugin: metronome } ] } }
)";

inline std::vector<std::string> without_ticks(std::vector<std::string> all) {
  std::erase_if(all, [](const std::string& each) { return each.starts_with("tick"); });
  return all;
}

}  // namespace trafficd::testing
