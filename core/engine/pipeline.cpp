#include "engine/pipeline.hpp"

#include <algorithm>

#include "engine/guard.hpp"
#include "engine/thread_name.hpp"

namespace trafficd {

namespace {
using namespace std::chrono_literals;
constexpr std::uint64_t batches_between_purges = 10'000;
}  // namespace

Route::Route(const RouteSettings& settings, SampleQueue<const Batch>& queue) : settings_(settings), queue_(queue) {}

bool Route::decide(const Series& series) const { return series.fits(settings_.measurements, settings_.tags); }

bool Route::passes(const Sample& sample) {
  Answer* answer = answers_.get(sample.series);
  if (!answer) return decide(*sample.series);
  if (answer->series != sample.series) *answer = {sample.series->shared_from_this(), decide(*sample.series)};
  return answer->passes;
}

void Route::deliver(const std::shared_ptr<const Batch>& batch) {
  if (settings_.measurements.empty() && settings_.tags.empty()) {
    queue_.push(batch);
    return;
  }
  if (++batches_ % batches_between_purges == 0) answers_.purge(1);
  const auto count = static_cast<std::size_t>(
      std::count_if(batch->begin(), batch->end(), [this](const Sample& s) { return passes(s); }));
  if (count == batch->size()) {
    queue_.push(batch);
  } else if (count > 0) {
    auto some = std::make_shared<Batch>();
    some->reserve(count);
    std::copy_if(batch->begin(), batch->end(), std::back_inserter(*some),
                 [this](const Sample& s) { return passes(s); });
    queue_.push(std::move(some));
  }
}

Pipeline::Pipeline(const Services& services, const PipelineSettings& settings,
                   const std::vector<const PluginDescriptor*>& plugins, std::vector<Route> routes)
    : services_(services),
      id_(settings.id),
      meter_(services.meters.add(settings.id, "pipeline", "")),
      queue_(settings.queue, meter_, [this](const Given& lost) { overflow_.tell(lost); }),
      routes_(std::move(routes)),
      log_(services.journal.logger(settings.id, Level::info)),
      overflow_(*log_, services.clock, "give the pipeline a bigger 'queue', or see why its stages are slow") {
  Problems problems;
  for (std::size_t i = 0; i < settings.stages.size(); ++i) {
    if (!plugins[i]) continue;  // told already; the faults of the others are told beside it
    Part part;
    part.host = std::make_unique<InstanceHost>(services, settings.stages[i], settings.id + "/" + settings.stages[i].id,
                                               "stage");
    part.trouble = std::make_unique<Complaint>(part.host->log(), services.clock);
    try {
      part.stage = plugins[i]->make_stage(settings.stages[i].node, *part.host);
    } catch (const ConfigError& e) {
      problems.insert(problems.end(), e.problems().begin(), e.problems().end());
    }
    parts_.push_back(std::move(part));
  }
  if (!problems.empty()) throw ConfigError(std::move(problems));
}

Pipeline::~Pipeline() { stop(); }

void Pipeline::start() {
  ended_ = false;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    name_thread("pipe " + id_);
    if (const Status status = guarded([&] { return serve(stop), Status::ok(); }); !status) {
      log_->error(concat("this pipeline ended: ", status.message()));
      give_up();
    }
    ended_ = true;
  });
}

void Pipeline::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Pipeline::note(Part& part, const Status& status) {
  if (status) {
    part.trouble->resolve("works again");
    return;
  }
  part.host->numbers()->errors.fetch_add(1, std::memory_order_relaxed);
  part.trouble->complain(Level::error, status.message());
}

bool Pipeline::open_stage(Part& part, const std::stop_token& stop) {
  Backoff backoff(1s, 1min);
  while (!part.open) {
    const Status status = guarded([&] { return part.stage->open(); });
    note(part, status);
    part.open = status.is_ok();
    if (part.open) break;
    if (status.code() == Status::Code::fatal) return false;
    // Samples wait in the queue meanwhile: running them past a stage that is not ready would make them wrong.
    const Duration pause = status.not_before().value_or(backoff.next());
    if (services_.clock.wait({}, services_.clock.steady() + pause, stop) == Wake::stop) return false;
  }
  if (const Duration every = part.stage->tick_interval(); every > Duration::zero()) {
    part.ticker = std::make_unique<Ticker>(services_.clock, every);
    part.due = part.ticker->next();
  }
  return true;
}

bool Pipeline::open_stages(const std::stop_token& stop) {
  return std::ranges::all_of(parts_, [&](Part& part) { return open_stage(part, stop); });
}

void Pipeline::serve(const std::stop_token& stop) {
  const bool whole = open_stages(stop);
  if (!whole && !stop.stop_requested())
    log_->error("a stage could not start, so this pipeline stands still; its samples are queued and thinned");
  while (!stop.stop_requested()) {
    SteadyTime due = SteadyTime::max();
    for (const Part& part : parts_)
      if (whole) due = std::min(due, part.due);
    queue_.wait(whole ? 1 : SIZE_MAX, due == SteadyTime::max() ? std::nullopt : std::optional(due), stop);
    if (whole && !stop.stop_requested()) {
      step();
      tick(services_.clock.steady());
    }
  }
  while (whole && step()) {
  }
  give_up();
  for (Part& part : parts_)
    if (part.open) {
      part.stage->close();
      part.host->end_step();
    }
}

/// What a pipeline that never ran leaves behind is lost, and said to be.
void Pipeline::give_up() {
  Given lost;
  for (auto taken = queue_.take(1); !taken.empty(); taken = queue_.take(1))
    for (const auto& batch : taken)
      for (const Sample& sample : *batch) lost.add(sample);
  if (lost.samples == 0) return;
  meter_->lose("stop", lost.samples, lost.first, lost.last);
  log_->error(concat(lost.samples, " samples could not be run through the stages and are lost"));
}

bool Pipeline::step() {
  const auto taken = queue_.take(1);
  if (taken.empty()) return false;
  Batch batch = std::move(*taken.front());
  const SteadyTime start = services_.clock.steady();
  run_through(0, batch);
  finish(batch);
  meter_->last_duration = (services_.clock.steady() - start).count();
  return true;
}

void Pipeline::tick(SteadyTime now) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    if (part.due > now) continue;
    part.due = part.ticker->next();
    Batch batch;
    const Status status = guarded([&] {
      part.stage->tick(services_.clock.now(), batch);
      return Status::ok();
    });
    note(part, status);
    run_through(i + 1, batch);
    finish(batch);
  }
}

void Pipeline::run_through(std::size_t first, Batch& batch) {
  for (std::size_t i = first; i < parts_.size(); ++i) {
    InstanceHost& host = *parts_[i].host;
    host.numbers()->samples_in.fetch_add(batch.size(), std::memory_order_relaxed);
    const Status status = guarded([&] {
      parts_[i].stage->process(batch);
      return Status::ok();
    });
    note(parts_[i], status);
    host.drop_muted(batch);
    host.numbers()->samples_out.fetch_add(batch.size(), std::memory_order_relaxed);
  }
}

void Pipeline::finish(Batch& batch) {
  // One step of a pipeline is one step of all its stages: their state becomes visible together.
  for (Part& part : parts_) part.host->end_step();
  if (batch.empty()) return;
  meter_->samples_out.fetch_add(batch.size(), std::memory_order_relaxed);
  const auto frozen = std::make_shared<const Batch>(std::move(batch));
  for (Route& route : routes_) route.deliver(frozen);
}

}  // namespace trafficd
