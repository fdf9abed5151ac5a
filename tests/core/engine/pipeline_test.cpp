#include "engine/pipeline.hpp"

#include "catch.hpp"
#include "engine_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

struct Sink {
  explicit Sink(std::string name) : meter(std::make_shared<InstanceMeter>(name, "output", "")), queue(10'000, meter) {}
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& batch : queue.take(10'000))
      for (const Sample& s : *batch) all.emplace_back(*s.series->tag("link"));
    return all;
  }
  std::shared_ptr<InstanceMeter> meter;
  SampleQueue<const Batch> queue;
};

PipelineSettings main_pipeline() {
  PipelineSettings settings;
  settings.id = "main";
  return settings;
}

InstanceSettings stage_settings(const std::string& id) {
  InstanceSettings stage;
  stage.id = id;
  stage.plugin = "script";
  return stage;
}

}  // namespace

TEST_CASE("routes pass what their globs say, and share the batch where everything passes") {
  EngineServices engine;
  Sink all("all"), some("some"), none("none");
  std::vector<Route> routes;
  routes.emplace_back(RouteSettings{"all", {}, {}, {}}, all.queue);
  routes.emplace_back(RouteSettings{"some", {"tra*"}, {{"link", "ppp?"}}, {}}, some.queue);
  routes.emplace_back(RouteSettings{"none", {"other"}, {}, {}}, none.queue);
  Pipeline pipeline(engine.services, main_pipeline(), {}, std::move(routes));
  for (int round = 0; round < 2; ++round) {
    auto batch = std::make_shared<Batch>();
    for (const char* name : {"eth0", "ppp0", "ppp1"}) batch->push_back(make_sample(link(name), 1, 1));
    pipeline.queue().push(std::move(batch));
    CHECK(pipeline.step());
    CHECK(all.names() == std::vector<std::string>{"eth0", "ppp0", "ppp1"});
    CHECK(some.names() == std::vector<std::string>{"ppp0", "ppp1"});
    CHECK(none.names().empty());
  }
  CHECK_FALSE(pipeline.step());
}

TEST_CASE("a route asks anew when the attributes of a series change") {
  EngineServices engine;
  Sink primary("primary");
  std::vector<Route> routes;
  routes.emplace_back(RouteSettings{"primary", {}, {{"primary", "yes"}}, {}}, primary.queue);
  Pipeline pipeline(engine.services, main_pipeline(), {}, std::move(routes));
  for (const char* value : {"yes", "no", "yes"}) {
    const SeriesPtr series = make_series("test", traffic(), {{"link", "eth0"}}, {{"primary", value}});
    pipeline.queue().push(std::make_shared<Batch>(Batch{make_sample(series, 1, 1)}));
    CHECK(pipeline.step());
  }
  CHECK(primary.names().size() == 2);
}

TEST_CASE("stages run in order; one that throws is counted and the pipeline goes on") {
  EngineServices engine;
  Sink sink("all");
  std::vector<Route> routes;
  routes.emplace_back(RouteSettings{"all", {}, {}, {}}, sink.queue);
  int calls = 0;
  script().process = [&](Batch& batch) {
    if (++calls == 1) throw std::runtime_error("surprise");
    batch.push_back(make_sample(link("added"), 1, 1));
  };
  std::vector<Pipeline::Part> stages;
  for (const char* id : {"s0", "s1"})
    stages.push_back(Pipeline::make_part(engine.services, "main", stage_settings(id), script_stage()));
  Pipeline pipeline(engine.services, main_pipeline(), std::move(stages), std::move(routes));
  pipeline.queue().push(std::make_shared<Batch>(Batch{make_sample(link("eth0"), 1, 1)}));
  CHECK(pipeline.step());
  CHECK(sink.names() == std::vector<std::string>{"eth0", "added"});
  CHECK(reading_of(engine.meters, "main/s0").errors == 1);
  CHECK(reading_of(engine.meters, "main/s1").samples_out == 2);
}

namespace {

/// What comes of it at its ticks is mostly nothing that anybody could use.
struct NonsenseTicks final : Stage {
  static Declarations declare() { return {}; }
  NonsenseTicks(const ConfigNode&, Host&) {}
  void process(Batch&) override {}
  Duration tick_interval() const override { return std::chrono::seconds(1); }
  void tick(Timestamp, Batch& out) override {
    out = {{}, make_sample(link("good"), 1, 1), make_sample(link("less"), 1, 1)};
    out[2].values[0] = Value(-5);
  }
};

struct ThrowingInterval final : Stage {
  ThrowingInterval(const ConfigNode&, Host&) {}
  static Declarations declare() { return {}; }
  void process(Batch&) override {}
  Duration tick_interval() const override { throw std::runtime_error("never"); }
};

}  // namespace

TEST_CASE("a stage that throws when it is asked how often it ticks keeps its pipeline waiting, and all is told") {
  EngineServices engine;
  static const PluginDescriptor plugin = describe_plugin<ThrowingInterval>("throwing", "");
  std::vector<Pipeline::Part> parts;
  parts.push_back(Pipeline::make_part(engine.services, "main", stage_settings("throwing"), plugin));
  Pipeline pipeline(engine.services, main_pipeline(), std::move(parts), {});
  pipeline.queue().push(std::make_shared<Batch>(Batch{make_sample(link("a"), 1, 1)}));
  pipeline.start();
  REQUIRE(soon([&] { return reading_of(engine.meters, "main/throwing").errors > 0; }));
  pipeline.stop();
  CHECK(reading_of(engine.meters, "main").dropped == 1);
}

TEST_CASE("what a stage gives at its ticks is looked at too") {
  EngineServices engine;
  static const PluginDescriptor plugin = describe_plugin<NonsenseTicks>("nonsense", "");
  std::vector<Pipeline::Part> parts;
  parts.push_back(Pipeline::make_part(engine.services, "main", stage_settings("nonsense"), plugin));
  const SteadyTime now = engine.services.clock.steady();
  parts[0].open = true;
  parts[0].ticker = std::make_unique<Ticker>(engine.services.clock, std::chrono::seconds(1));
  parts[0].due = now;
  Sink all("all");
  std::vector<Route> routes;
  routes.emplace_back(RouteSettings{"all", {}, {}, {}}, all.queue);
  Pipeline pipeline(engine.services, main_pipeline(), std::move(parts), std::move(routes));
  pipeline.tick(now);
  CHECK(all.names() == std::vector<std::string>{"good"});
  const SelfReading reading = reading_of(engine.meters, "main/nonsense");
  CHECK(reading.dropped == 2);
  CHECK(reading.samples_out == 1);
}
