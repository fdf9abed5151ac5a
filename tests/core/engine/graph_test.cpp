// The whole graph with its threads, on the real clock: start, work, stop, and what goes wrong on the way.

#include "engine/graph.hpp"

#include <atomic>

#include "graph_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

struct FileOutput final : Output {
  struct Config {
    std::string file = "default";
  };
  static Options<Config> options() { return Options<Config>{}.add("file", &Config::file, "File.").unique(); }
  FileOutput(const ConfigNode& node, Host&) { options().parse(node); }
  static Declarations declare() { return {options().docs(), {}, {}}; }
  WriteResult write(std::span<const Sample> batch) override { return WriteResult::all(batch); }
};
struct Strict final : Stage {
  struct Config {};
  Strict(const ConfigNode& node, Host&) { Options<Config>{}.parse(node); }
  static Declarations declare() { return {}; }
  void process(Batch&) override {}
};
const PluginDescriptor strict = describe_plugin<Strict>("strict", "");
const PluginDescriptor file_output = describe_plugin<FileOutput>("files", "");

constexpr const char* plain = R"(
interval: 10ms
inputs: { in: { plugin: script } }
outputs: { out: { plugin: script, flush_interval: 0s } }
pipelines: { main: { stages: [ { plugin: script } ] } }
)";

}  // namespace

TEST_CASE("an unknown stage does not hide the faults of the others") {
  GraphFixture f;
  f.catalog.add(&strict);
  const std::string yaml = R"(
inputs: { in: { plugin: script } }
outputs: { out: { plugin: script } }
pipelines: { main: { stages: [ { plugin: scripd }, { plugin: strict, wrong: 1 } ] } }
)";
  CHECK(f.faults(yaml) ==
        "test:4:42: pipelines.main.stages[0].plugin: there is no stage plugin 'scripd', did you mean 'script'?\n"
        "test:4:70: pipelines.main.stages[1]: unknown option 'wrong'; known are plugin, log, max_series, id\n");
}

TEST_CASE("two outputs of one plugin must not write to the same file") {
  GraphFixture f;
  f.catalog.add(&file_output);
  const auto faults = [&](const std::string& outputs) {
    return f.faults(concat("inputs: { in: { plugin: script } }\noutputs: { ", outputs, " }\n"));
  };
  CHECK(faults("a: { plugin: files }, b: { plugin: files, file: other }") == "");
  CHECK(faults("a: { plugin: files }, b: { plugin: files }") ==
        "test:2:37: outputs.b: 'a' has the same 'file'; give each one its own\n");
  CHECK(faults(concat("a: { plugin: files }, b: { plugin: files, file: ", f.services.state_folder.native(),
                      "/./default }")) ==
        "test:2:60: outputs.b.file: 'a' has the same 'file'; give each one its own\n");
}

TEST_CASE("an output must not write where the daemon keeps its own things") {
  GraphFixture f;
  f.catalog.add(&file_output);
  const auto faults = [&](const std::string& file) {
    return f.faults(
        concat("inputs: { in: { plugin: script } }\noutputs: { a: { plugin: files, file: ", file, " } }\n"));
  };
  CHECK(faults("my-state.db") == "");
  CHECK(faults("state.db") ==
        "test:2:38: outputs.a.file: 'state.db' is where the daemon keeps its own things; choose another name\n");
  for (const char* own : {"trafficd.lock", "spool", "./spool/x", "rejects/a.txt", "state.db-wal"}) {
    INFO(own);
    CHECK(faults(own).find("choose another name") != std::string::npos);
  }
  // The same folder by another way.
  std::filesystem::create_directory_symlink(".", f.services.state_folder / "here");
  CHECK(faults("here/state.db").find("choose another name") != std::string::npos);
}

TEST_CASE("every sample that was collected is written when the graph stops") {
  GraphFixture f;
  auto graph = f.make(plain);
  graph->start();
  REQUIRE(f.wrote.wait());
  CHECK(graph->running().size() == 3);
  graph->stop_sources();
  graph->stop_outputs(std::chrono::seconds(30));
  CHECK(f.written == f.collected);
  CHECK(f.collected >= 2);  // the first at once, the last at the stop
  CHECK(graph->running().empty());
}

TEST_CASE("a stop while everything waits for its next try to open ends at once, and counts what is lost") {
  GraphFixture f;
  Event tried;
  script().open = [&] {
    tried.raise();
    return Status::retry("not there");
  };
  auto graph = f.make(plain);
  graph->start();
  REQUIRE(tried.wait());
  graph->stop_sources();
  graph->stop_outputs(std::chrono::seconds(30));
  CHECK(f.collected == 0);
  CHECK(graph->running().empty());
}

TEST_CASE("a pipeline whose stage cannot start loses its queue with a count") {
  GraphFixture f;
  Event tried;
  SampleQueue<const Batch> sink(100, std::make_shared<InstanceMeter>("s", "output", ""));
  PipelineSettings settings;
  settings.id = "main";
  InstanceSettings stage;
  stage.id = stage.plugin = "script";
  settings.stages = {stage};
  script().open = [&] {
    tried.raise();
    return Status::fatal("never");
  };
  std::vector<Route> routes;
  routes.emplace_back(RouteSettings{"s", {}, {}, {}}, sink);
  std::vector<Pipeline::Part> stages;
  stages.push_back(Pipeline::make_part(f.services, "main", stage, script_stage()));
  Pipeline pipeline(f.services, settings, std::move(stages), std::move(routes));
  pipeline.queue().push(std::make_shared<Batch>(Batch{make_sample(link("a"), 1, 1), make_sample(link("b"), 2, 1)}));
  pipeline.start();
  REQUIRE(tried.wait());
  pipeline.stop();
  CHECK(sink.size() == 0);
  const SelfReading reading = reading_of(f.engine.meters, "main");
  CHECK(reading.dropped == 2);
  REQUIRE(reading.losses.size() == 1);
  CHECK(reading.losses[0].reason == "stop");
}

TEST_CASE("on_start_error: exit takes the daemon with it") {
  GraphFixture f;
  script().open = [] { return Status::retry("not there"); };
  auto graph = f.make(R"(
inputs: { in: { plugin: script, on_start_error: exit } }
outputs: { out: { plugin: script } }
)");
  graph->start();
  REQUIRE(f.fataled.wait());
  graph->stop_sources();
  graph->stop_outputs(Duration::zero());
  CHECK(f.fatal == 1);
}

TEST_CASE("an output that ends for good loses with a count, and the others go on") {
  GraphFixture f;
  std::atomic<int> calls{0};
  script().write = [&](std::span<const Sample> batch) {
    // Two outputs share the script: the first to write is refused for good.
    if (++calls == 1) return WriteResult::failed(Status::fatal("closed"));
    f.written += batch.size();
    if (calls > 4) f.wrote.raise();
    return WriteResult::all(batch);
  };
  auto graph = f.make(R"(
interval: 10ms
inputs: { in: { plugin: script } }
outputs:
  one: { plugin: script, flush_interval: 0s, spool: { mode: off } }
  two: { plugin: script, flush_interval: 0s, spool: { mode: off } }
)");
  graph->start();
  REQUIRE(f.wrote.wait());
  graph->stop_sources();
  graph->stop_outputs(std::chrono::seconds(30));
  const std::uint64_t lost = reading_of(f.engine.meters, "one").dropped + reading_of(f.engine.meters, "two").dropped;
  CHECK(f.written == f.collected);
  CHECK(lost == f.collected);
}

TEST_CASE("what an output that hangs holds is brought to disk before it is left behind") {
  GraphFixture f;
  Event hangs, go_on;
  script().write = [&](std::span<const Sample> batch) {
    hangs.raise();
    CHECK(go_on.wait());
    return WriteResult::all(batch);
  };
  auto graph = f.make(plain);
  graph->start();
  REQUIRE(hangs.wait());
  graph->stop_sources();
  CHECK(graph->running() == std::vector<std::string>{"output out"});
  graph->rescue();
  const auto folder = f.engine.folder.path() / "spool" / "out";
  REQUIRE(std::filesystem::exists(folder));
  CHECK_FALSE(std::filesystem::is_empty(folder));
  go_on.raise();
  graph->stop_outputs(std::chrono::seconds(30));
  CHECK(reading_of(f.engine.meters, "out").dropped == 0);
}
