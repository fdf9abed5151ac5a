// What one sample costs on its way from `collect` through the runners, the queues and one stage to an output that
// throws it away: the real runners, stepped on one thread, batches of 1,000 series with two counters.
//
// Budget: 150 ns a sample on one core.  sample_bench --benchmark_repetitions=9

#include <benchmark/benchmark.h>

#include "core/engine/engine_fixture.hpp"
#include "engine/config_file.hpp"

extern "C" const trafficd::PluginDescriptor* trafficd_stage_rate();
extern "C" const trafficd::PluginDescriptor* trafficd_stage_filter();

namespace {

using namespace trafficd;
using namespace trafficd::testing;

constexpr int series_count = 1000;

const MeasurementPtr& link_bytes() {
  static const auto measurement = make_measurement(
      "link", "Bench.", {{"rx_bytes", Kind::counter, "By", ""}, {"tx_bytes", Kind::counter, "By", ""}}, {"link"});
  return measurement;
}

/// Emits the same thousand series each time, a little further on.
struct Source {
  std::vector<SeriesPtr> series;
  std::uint64_t total = 0;
  Source() {
    for (int i = 0; i < series_count; ++i)
      series.push_back(make_series("in", link_bytes(), {{"link", concat("l", i)}}));
  }
  void collect(Batch& out) {
    total += 1000;
    out.reserve(series.size());
    const Timestamp now{std::chrono::milliseconds(1'700'000'000'000 + total)};
    for (const SeriesPtr& each : series) out.push_back({each, now, 1, true, false, {Value(total), Value(total / 2)}});
  }
};

void from_collect_to_output(benchmark::State& state, const PluginDescriptor* stage, const char* yaml) {
  EngineServices engine;
  Source source;
  std::size_t written = 0;
  script().collect = [&](Batch& out) {
    source.collect(out);
    return Status::ok();
  };
  script().write = [&](std::span<const Sample> batch) {
    written += batch.size();
    benchmark::DoNotOptimize(batch.data());
    return WriteResult::all(batch);
  };

  OutputRunner output(engine.services, output_settings(10'000), script_output(), [] {});
  PipelineSettings settings;
  settings.id = "main";
  std::vector<Pipeline::Part> stages;
  if (stage) {
    Problems problems;
    InstanceSettings each;
    each.id = each.plugin = stage->name;
    each.node = parse_config(yaml, "bench", problems);
    stages.push_back(Pipeline::make_part(engine.services, settings.id, each, *stage));
  }
  std::vector<Route> routes;
  routes.emplace_back(RouteSettings{"out", {}, {}, {}}, output.queue());
  Pipeline pipeline(engine.services, settings, std::move(stages), std::move(routes));
  InputRunner input(engine.services, input_settings(), script_input(), [] {});
  input.connect({&pipeline.queue()});
  PollInput& instance = *std::get<std::unique_ptr<PollInput>>(input.instance());

  for (auto _ : state) {
    if (!input.step(instance) || !pipeline.step() || !output.step()) state.SkipWithError("a step failed");
  }
  // The first batch has no rates yet.
  if (written + series_count < static_cast<std::size_t>(state.iterations()) * series_count)
    state.SkipWithError("samples are missing");
  state.counters["per_sample"] = benchmark::Counter(static_cast<double>(state.iterations()) * series_count,
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// The floor: the same samples made and thrown away, without runners.
void collect_only(benchmark::State& state) {
  Source source;
  for (auto _ : state) {
    Batch batch;
    source.collect(batch);
    benchmark::DoNotOptimize(batch.data());
  }
  state.counters["per_sample"] = benchmark::Counter(static_cast<double>(state.iterations()) * series_count,
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(collect_only);
BENCHMARK_CAPTURE(from_collect_to_output, no_stage, nullptr, "");
BENCHMARK_CAPTURE(from_collect_to_output, filter, trafficd_stage_filter(), "drop: [ { measurement: nothing } ]");
BENCHMARK_CAPTURE(from_collect_to_output, rate, trafficd_stage_rate(), "drop: true");

}  // namespace
