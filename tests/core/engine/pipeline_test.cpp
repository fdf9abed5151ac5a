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

PipelineSettings with_stages(int count) {
  PipelineSettings settings;
  settings.id = "main";
  for (int i = 0; i < count; ++i) {
    InstanceSettings stage;
    stage.id = concat("s", i);
    stage.plugin = "script";
    settings.stages.push_back(stage);
  }
  return settings;
}

}  // namespace

TEST_CASE("routes pass what their globs say, and share the batch where everything passes") {
  EngineServices engine;
  Sink all("all"), some("some"), none("none");
  std::vector<Route> routes;
  routes.emplace_back(RouteSettings{"all", {}, {}, {}}, all.queue);
  routes.emplace_back(RouteSettings{"some", {"tra*"}, {{"link", "ppp?"}}, {}}, some.queue);
  routes.emplace_back(RouteSettings{"none", {"other"}, {}, {}}, none.queue);
  Pipeline pipeline(engine.services, with_stages(0), {}, std::move(routes));
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
  Pipeline pipeline(engine.services, with_stages(0), {}, std::move(routes));
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
  Pipeline pipeline(engine.services, with_stages(2), {&script_stage(), &script_stage()}, std::move(routes));
  pipeline.queue().push(std::make_shared<Batch>(Batch{make_sample(link("eth0"), 1, 1)}));
  CHECK(pipeline.step());
  CHECK(sink.names() == std::vector<std::string>{"eth0", "added"});
  CHECK(reading_of(engine.meters, "main/s0").errors == 1);
  CHECK(reading_of(engine.meters, "main/s1").samples_out == 2);
}
