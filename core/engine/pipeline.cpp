#include "engine/pipeline.hpp"

#include <algorithm>

#include "engine/guard.hpp"
#include "engine/thread_name.hpp"

namespace trafficd {

namespace {
using namespace std::chrono_literals;
constexpr std::uint64_t batches_between_purges = 10'000;
}  // namespace

Route::Route(const RouteSettings& settings, SampleQueue<const Batch>& queue) : settings_(settings), queue_(&queue) {}

bool Route::decide(const Series& series) const { return series.fits(settings_.measurements, settings_.tags); }

bool Route::passes(const Sample& sample) {
  Answer* answer = answers_.get(sample.series);
  if (!answer) return decide(*sample.series);
  if (answer->series != sample.series) *answer = {sample.series->shared_from_this(), decide(*sample.series)};
  return answer->passes;
}

void Route::deliver(const std::shared_ptr<const Batch>& batch) {
  if (auto chosen = choose(batch)) queue_->push(std::move(chosen));
}

std::shared_ptr<const Batch> Route::choose(const std::shared_ptr<const Batch>& batch) {
  if (settings_.measurements.empty() && settings_.tags.empty()) return batch;
  if (++batches_ % batches_between_purges == 0) answers_.purge(1);
  const auto count = static_cast<std::size_t>(
      std::count_if(batch->begin(), batch->end(), [this](const Sample& s) { return passes(s); }));
  if (count == batch->size()) return batch;
  if (count == 0) return {};
  auto some = std::make_shared<Batch>();
  some->reserve(count);
  std::copy_if(batch->begin(), batch->end(), std::back_inserter(*some), [this](const Sample& s) { return passes(s); });
  return some;
}

Pipeline::Part Pipeline::make_part(const Services& services, const std::string& pipeline,
                                   const InstanceSettings& settings, const PluginDescriptor& plugin) {
  Part part;
  part.host = std::make_unique<InstanceHost>(services, settings, pipeline + "/" + settings.id, "stage");
  part.trouble = std::make_unique<Complaint>(part.host->own_log(), services.clock);
  part.tick_trouble = std::make_unique<Complaint>(part.host->own_log(), services.clock);
  part.stage = must_be_made(plugin.make_stage(settings.node, *part.host));
  return part;
}

Pipeline::Pipeline(const Services& services, const PipelineSettings& settings, std::vector<Part> stages,
                   std::vector<Route> routes)
    : services_(services),
      id_(settings.id),
      meter_(services.meters.add(settings.id, "pipeline", "")),
      queue_(settings.queue, meter_, [this](const Given& lost) { overflow_.tell(lost); }),
      parts_(std::move(stages)),
      routes_(std::move(routes)),
      log_(services.journal.logger(settings.id, Level::info)),
      overflow_(*log_, services.clock, "give the pipeline a bigger 'queue', or see why its stages are slow") {}

Pipeline::~Pipeline() { stop(); }

void Pipeline::route(std::vector<Route> routes) {
  {
    const std::lock_guard lock(routes_mutex_);
    routes_ = std::move(routes);
  }
  if (replay_) replay_->ring();
}

void Pipeline::start() {
  thread_.start([this](const std::stop_token& stop) {
    name_thread("pipe " + id_);
    if (const Status status = guarded([&] { return serve(stop), Status::ok(); }); !status) {
      thread_.fail();
      log_->error(concat("this pipeline ended: ", status.message()));
      if (replay_) static_cast<void>(guarded([&] { return refuse(stop), Status::ok(); }));
      give_up();
    }
    if (!replay_) return;
    flush_outputs();
    done_ = true;
    replay_->ended();
  });
}

void Pipeline::stop() {
  thread_.request_stop();
  thread_.join();
  // What came after it had ended by itself, or where it never began.
  give_up();
}

std::vector<std::shared_ptr<Batch>> Pipeline::leave_behind() {
  tether_.cut();
  {
    const std::lock_guard lock(routes_mutex_);
    routes_.clear();
    lose(in_hand_, left_behind);
    counted_ = in_hand_.samples > 0;
  }
  if (replay_) replay_->ring();
  return queue_.take(SIZE_MAX);
}

void Pipeline::lose(const std::vector<std::shared_ptr<Batch>>& batches, const char* reason) {
  Given lost;
  for (const auto& batch : batches) lost.add(given(*batch));
  lose(lost, reason);
}

void Pipeline::lose(const Given& lost, const char* reason) {
  if (lost.samples == 0) return;
  meter_->lose(reason, lost.samples, lost.first, lost.last);
  log_->error(concat(lost.samples, " samples could not be run through the stages and are lost (", reason, ")"));
}

void Pipeline::note(Part& part, Complaint& trouble, const Status& status) {
  if (status) {
    trouble.resolve("works again");
    return;
  }
  part.host->numbers()->errors.fetch_add(1, std::memory_order_relaxed);
  trouble.complain(Level::error, words_of(status));
}

/// What a stage gave goes on, but for what nobody behind it could use.
void Pipeline::take_out(Part& part, Batch& batch) {
  part.host->sift(batch);
  part.host->numbers()->samples_out.fetch_add(batch.size(), std::memory_order_relaxed);
}

/// Opens it and asks how often it ticks, which it may only know by then.
Status Pipeline::open_once(Part& part, Duration& every) {
  const InstanceThread::Call call(thread_, services_.clock.steady());
  const Status opened = guarded([&] { return part.stage->open(); });
  if (!opened) return opened;
  const Status asked = guarded([&] { return every = part.stage->tick_interval(), Status::ok(); });
  if (!asked) part.stage->close();
  return asked;
}

bool Pipeline::open_stage(Part& part, const std::stop_token& stop) {
  Backoff backoff(1s, 1min);
  while (!part.open && !tether_.is_cut()) {
    Duration every{};
    const Status status = open_once(part, every);
    note(part, *part.trouble, status);
    part.open = status.is_ok();
    if (part.open && every > Duration::zero() && replay_) {
      part.data_ticker = std::make_unique<DataTicker>(every);
    } else if (part.open && every > Duration::zero()) {
      part.ticker = std::make_unique<Ticker>(services_.clock, every);
      part.due = part.ticker->next();
    }
    if (part.open) break;
    if (status.code() == Status::Code::fatal) return false;
    // Samples wait in the queue meanwhile: running them past a stage that is not ready would make them wrong.
    const Duration pause = status.not_before().value_or(backoff.next());
    if (services_.clock.wait({}, services_.clock.steady() + pause, stop) == Wake::stop) return false;
  }
  return part.open;
}

bool Pipeline::open_stages(const std::stop_token& stop) {
  return std::ranges::all_of(parts_, [&](Part& part) { return open_stage(part, stop); });
}

void Pipeline::serve(const std::stop_token& stop) {
  stop_ = stop;
  const bool whole = open_stages(stop);
  if (!whole && !stop.stop_requested()) {
    thread_.fail();
    log_->error(concat("a stage could not start, so this pipeline stands still; its samples are ",
                       replay_ ? "lost" : "queued and thinned"));
  }
  if (whole && replay_)
    serve_recorded(stop);
  else if (whole)
    serve_live(stop);
  else if (replay_)
    refuse(stop);
  else
    queue_.wait(SIZE_MAX, std::nullopt, stop);
  while (whole && step()) {
  }
  give_up();
  for (Part& part : parts_)
    if (part.open) {
      part.stage->close();
      tether_.unless_cut([&] { part.host->finish_step(); });
    }
}

void Pipeline::serve_live(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    SteadyTime due = SteadyTime::max();
    for (const Part& part : parts_) due = std::min(due, part.due);
    queue_.wait(1, due == SteadyTime::max() ? std::nullopt : std::optional(due), stop);
    if (!stop.stop_requested()) {
      step();
      tick(services_.clock.steady());
    }
  }
}

/// What a pipeline that never ran leaves behind is lost, and said to be.
void Pipeline::give_up() {
  if (!has_successor_) lose(queue_.take(SIZE_MAX), "stop");
}

bool Pipeline::step() {
  const auto taken = queue_.take(1);
  if (taken.empty()) return false;
  Batch batch = std::move(*taken.front());
  const SteadyTime start = services_.clock.steady();
  if (replay_)
    run_in_time(batch);
  else
    pass(batch);
  meter_->last_duration = (services_.clock.steady() - start).count();
  return true;
}

void Pipeline::pass(Batch& batch) {
  if (!batch.empty()) {
    const std::lock_guard lock(routes_mutex_);
    // Exact enough: the samples of a batch come together.
    const auto [first, last] = std::minmax(batch.front().time, batch.back().time);
    in_hand_ = {batch.size(), first, last};
  }
  run_through(0, batch);
  finish(batch);
}

void Pipeline::tick(SteadyTime now) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (parts_[i].due > now) continue;
    parts_[i].due = parts_[i].ticker->next();
    tick_part(i, services_.clock.now());
  }
}

void Pipeline::tick_part(std::size_t index, Timestamp now) {
  Part& part = parts_[index];
  Batch batch;
  const Status status = guarded([&] {
    const InstanceThread::Call call(thread_, services_.clock.steady());
    part.stage->tick(now, batch);
    return Status::ok();
  });
  note(part, *part.tick_trouble, status);
  take_out(part, batch);
  run_through(index + 1, batch);
  finish(batch);
}

void Pipeline::run_through(std::size_t first, Batch& batch) {
  for (std::size_t i = first; i < parts_.size(); ++i) {
    InstanceHost& host = *parts_[i].host;
    host.numbers()->samples_in.fetch_add(batch.size(), std::memory_order_relaxed);
    const Status status = guarded([&] {
      const InstanceThread::Call call(thread_, services_.clock.steady());
      parts_[i].stage->process(batch);
      return Status::ok();
    });
    note(parts_[i], *parts_[i].trouble, status);
    take_out(parts_[i], batch);
  }
}

void Pipeline::finish(Batch& batch) {
  // One step of a pipeline is one step of all its stages: their state becomes visible together.
  std::vector<InstanceState*> states;
  for (Part& part : parts_) states.push_back(&part.host->own_state());
  tether_.unless_cut([&] { services_.state.finish_step(states); });
  std::unique_lock lock(routes_mutex_);
  in_hand_ = {};
  if (tether_.is_cut()) {
    if (!std::exchange(counted_, false)) lose(given(batch), left_behind);
    return;
  }
  if (batch.empty()) return;
  meter_->samples_out.fetch_add(batch.size(), std::memory_order_relaxed);
  const auto frozen = std::make_shared<const Batch>(std::move(batch));
  if (replay_) return send(frozen, std::move(lock));
  for (Route& route : routes_) route.deliver(frozen);
}

}  // namespace trafficd
