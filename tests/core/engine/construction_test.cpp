// Constructors that throw, or never return, destructors that do not, and instances without a thread: each is told at
// its place, and the rest goes on.

#include <pthread.h>

#include <atomic>

#include "graph_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

namespace {

/// What the constructors and destructors below do.
struct Acts {
  std::function<void()> make = [] {}, destroy = [] {};
  std::atomic<int> destroyed{0};
};
Acts* acts = nullptr;

struct Made {
  struct Config {
    bool calls = false;
    bool calls_last = false;
  };
  static Options<Config> options() {
    return Options<Config>{}
        .add("calls", &Config::calls, "Whether the constructor does it.")
        .add("calls_last", &Config::calls_last, "Whether the destructor does it.");
  }
  static Declarations declare() { return {options().docs(), {}, {}}; }
  explicit Made(const ConfigNode& node) : calls_last(options().parse(node).calls_last) {
    if (options().parse(node).calls) acts->make();
  }
  ~Made() {
    if (calls_last) acts->destroy();
    ++acts->destroyed;
  }
  const bool calls_last;
};
struct MadeInput final : PollInput, Made {
  using Made::declare;
  MadeInput(const ConfigNode& node, Host&) : Made(node) {}
  Status collect(Batch&) override { return Status::ok(); }
};
struct MadeStage final : Stage, Made {
  using Made::declare;
  MadeStage(const ConfigNode& node, Host&) : Made(node) {}
  void process(Batch&) override {}
};
struct MadeOutput final : Output, Made {
  using Made::declare;
  MadeOutput(const ConfigNode& node, Host&) : Made(node) {}
  WriteResult write(std::span<const Sample> batch) override { return WriteResult::all(batch); }
};
const PluginDescriptor made_input = describe_plugin<MadeInput>("made", "");
const PluginDescriptor made_stage = describe_plugin<MadeStage>("made", "");
const PluginDescriptor made_output = describe_plugin<MadeOutput>("made", "");

constexpr const char* good = R"(
inputs: { in: { plugin: made } }
outputs: { out: { plugin: made } }
)";
constexpr const char* bad = R"(
inputs: { in: { plugin: made, calls: yes } }
outputs: { out: { plugin: made, calls: yes } }
pipelines: { main: { stages: [ { plugin: made, calls: yes } ] } }
)";
constexpr const char* lasting = R"(
inputs: { in: { plugin: made, calls_last: yes } }
outputs: { out: { plugin: made, calls_last: yes } }
pipelines: { main: { stages: [ { plugin: made, calls_last: yes } ] } }
)";
// For calls that must not return within it. Others that are made with it may show as hanging for a moment.
constexpr Duration no_patience = 1ms;

struct ConstructionFixture : GraphFixture {
  Acts all;
  ConstructionFixture() {
    acts = &all;
    for (const auto* plugin : {&made_input, &made_stage, &made_output}) catalog.add(plugin);
  }
  Settings settings(const std::string& yaml) {
    Settings read = read_settings(parse_config(yaml, "test", problems), problems);
    REQUIRE(problems.empty());
    return read;
  }
  std::string told() const {
    std::string all_of_them;
    for (const Problem& each : problems) all_of_them += each.text() + '\n';
    return all_of_them;
  }
};

/// The system gives no thread as long as this lives: none has room for such a stack.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge = before_;
    pthread_attr_setstacksize(&huge, std::size_t{1} << 46);
    pthread_setattr_default_np(&huge);
  }
  ~NoThreads() { pthread_setattr_default_np(&before_); }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_;
};

}  // namespace

TEST_CASE_METHOD(ConstructionFixture, "a constructor that throws is told at the place of its block, a stage's too") {
  const std::string why = "the plugin could not be made: ";
  SECTION("an exception") {
    all.make = [] { throw std::runtime_error("beyond me"); };
    CHECK(faults(bad) == "test:3:17: outputs.out: " + why + "beyond me\n" + "test:2:15: inputs.in: " + why +
                             "beyond me\n" + "test:4:32: pipelines.main.stages[0]: " + why + "beyond me\n");
  }
  SECTION("a number") {
    all.make = [] { throw 7; };
    CHECK(faults(bad).find("test:4:32: pipelines.main.stages[0]: " + why + "unexpected error of an unknown type\n") !=
          std::string::npos);
  }
  SECTION("an exception without words") {
    struct Silent : std::exception {
      const char* what() const noexcept override { return nullptr; }
    };
    all.make = [] { throw Silent(); };
    CHECK(faults(bad).find("test:2:15: inputs.in: " + why + "without a word\n") != std::string::npos);
  }
  SECTION("faults of the configuration, but none") {
    all.make = [] { throw ConfigError({}); };
    CHECK(faults(bad).find("test:2:15: inputs.in: the plugin could not be made, and does not say why\n") !=
          std::string::npos);
  }
}

TEST_CASE_METHOD(ConstructionFixture, "a plugin that makes nothing is a fault") {
  PluginDescriptor input = made_input, stage = made_stage, output = made_output;
  for (PluginDescriptor* each : {&input, &stage, &output}) each->name = "empty";
  input.make_input = [](const ConfigNode&, Host&) -> InputInstance { return std::unique_ptr<StreamInput>(); };
  stage.make_stage = [](const ConfigNode&, Host&) { return std::unique_ptr<Stage>(); };
  output.make_output = [](const ConfigNode&, Host&) { return std::unique_ptr<Output>(); };
  for (const auto* each : {&input, &stage, &output}) catalog.add(each);
  const std::string told_all = faults(R"(
inputs: { in: { plugin: empty } }
outputs: { out: { plugin: empty } }
pipelines: { main: { stages: [ { plugin: empty } ] } }
)");
  for (const char* place : {"inputs.in", "outputs.out", "pipelines.main.stages[0]"})
    CHECK(told_all.find(std::string(place) + ": the plugin could not be made: it made nothing\n") != std::string::npos);
}

TEST_CASE_METHOD(ConstructionFixture, "a constructor that does not return is a fault, and what it made is let go") {
  Event go_on;
  all.make = [&] { go_on.wait(); };
  {
    Graph graph(services, catalog, settings(bad), problems, [] {}, {.constructor = no_patience});
    const std::string what = "the plugin does not return from its constructor within 1ms and is left behind";
    CHECK(told().find("test:3:17: outputs.out: " + what) != std::string::npos);
    CHECK(told().find("test:2:15: inputs.in: " + what) != std::string::npos);
    CHECK(told().find("test:4:32: pipelines.main.stages[0]: " + what) != std::string::npos);
    CHECK(problems.size() == 3);
    CHECK(graph.hanging() == std::vector<std::string>{"output out", "input in", "stage main/made"});
    go_on.raise();
    CHECK(soon([&] { return graph.hanging().empty(); }));
    CHECK(all.destroyed == 3);
  }
  CHECK(all.destroyed == 3);
}

TEST_CASE_METHOD(ConstructionFixture, "a reload to a constructor that does not return changes nothing") {
  // Without a thread of their own, constructors have all the time that they need.
  auto none = std::make_unique<NoThreads>();
  Graph graph(services, catalog, settings(good), problems, [] {}, {.constructor = no_patience});
  none.reset();
  graph.start();
  Event go_on;
  all.make = [&] { go_on.wait(); };
  graph.reload(
      catalog, settings(bad), Duration::zero(), [] { return false; }, problems);
  CHECK(problems.size() == 3);
  CHECK(soon([&] { return graph.hanging() == std::vector<std::string>{"output out", "input in", "stage main/made"}; }));
  CHECK(graph.condition("input", "in", "made") == "runs");
  go_on.raise();
  CHECK(soon([&] { return graph.hanging().empty(); }));
  problems.clear();
  const NoThreads again;
  const auto changes = graph.reload(
      catalog, settings(good), Duration::zero(), [] { return false; }, problems);
  CHECK(problems.empty());
  REQUIRE(changes.has_value());
  CHECK(changes->empty());
  graph.stop_sources();
  graph.stop_outputs(Duration::zero());
  CHECK(graph.running().empty());
}

TEST_CASE_METHOD(ConstructionFixture, "a stop that is wanted waits neither for constructors nor for destructors") {
  const bool in_constructor = GENERATE(true, false);
  INFO(in_constructor);
  Event go_on;
  Graph graph(services, catalog, settings(good), problems, [] {}, {.constructor = 1h, .destructor = 1h});
  REQUIRE(problems.empty());
  graph.start();
  (in_constructor ? all.make : all.destroy) = [&] { go_on.wait(); };
  const auto changes = graph.reload(
      catalog, settings(in_constructor ? bad : lasting), 1h, [] { return true; }, problems);
  CHECK(problems.empty());
  CHECK_FALSE(graph.hanging().empty());
  CHECK_FALSE(changes.has_value());
  go_on.raise();
  CHECK(soon([&] { return graph.hanging().empty(); }));
  graph.stop_sources();
  graph.stop_outputs(Duration::zero());
}

TEST_CASE_METHOD(ConstructionFixture, "a destructor that does not return keeps no reload, and is left behind") {
  Event go_on;
  all.destroy = [&] { go_on.wait(); };
  Graph graph(services, catalog, settings(lasting), problems, [] {}, {.destructor = no_patience});
  graph.start();
  const auto changes = graph.reload(
      catalog, settings(good), Duration::zero(), [] { return false; }, problems);
  REQUIRE(changes.has_value());
  CHECK(problems.empty());
  CHECK(soon([&] { return graph.hanging() == std::vector<std::string>{"input in", "pipeline main", "output out"}; }));
  CHECK(graph.condition("input", "in", "made") == "runs");
  CHECK(graph.condition("output", "out", "made") == "runs");
  go_on.raise();
  CHECK(soon([&] { return graph.hanging().empty(); }));
  graph.stop_sources();
  graph.stop_outputs(Duration::zero());
}

TEST_CASE_METHOD(ConstructionFixture,
                 "where the system gives no thread, instances are made, counted as failed and told") {
  const auto start = [this](const std::string& yaml) {
    const Settings given = settings(yaml);
    const NoThreads none;
    auto graph = std::make_unique<Graph>(services, catalog, given, problems, [this] { ++fatal; });
    graph->start();
    return graph;
  };
  const auto graph = start(good);
  CHECK(problems.empty());
  for (const auto& [role, id, plugin] :
       {std::tuple("input", "in", "made"), std::tuple("output", "out", "made"), std::tuple("pipeline", "main", "")}) {
    INFO(role);
    CHECK(graph->condition(role, id, plugin) == "failed");
    CHECK(reading_of(engine.meters, id).errors == 1);
  }
  CHECK(fatal == 0);
  const auto changes = graph->reload(
      catalog, settings(good), Duration::zero(), [] { return false; }, problems);
  REQUIRE(changes.has_value());
  CHECK(graph->condition("input", "in", "made") == "runs");
  CHECK(graph->condition("pipeline", "main", "") == "runs");
  CHECK(graph->condition("output", "out", "made") == "runs");
  start("inputs: { in: { plugin: made, on_start_error: exit } }\noutputs: { out: { plugin: made } }\n");
  CHECK(fatal == 1);
}
