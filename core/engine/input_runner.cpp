#include "engine/input_runner.hpp"

#include <algorithm>

#include "engine/guard.hpp"
#include "engine/thread_name.hpp"

namespace trafficd {

namespace {
using namespace std::chrono_literals;
constexpr Duration longest_pause = 5min;
// Once more from its beginning would give again what was given.
constexpr std::string_view recording_stopped =
    "this recording is not read any further, and counts as ended; the rest goes on";

bool is_recorded(const InputInstance& instance) {
  const auto* stream = std::get_if<std::unique_ptr<StreamInput>>(&instance);
  return stream && (*stream)->recorded();
}

}  // namespace

InputRunner::InputRunner(const Services& services, const InstanceSettings& settings, const PluginDescriptor& plugin,
                         std::function<void()> fatal)
    : services_(services),
      settings_(settings),
      fatal_(std::move(fatal)),
      host_(services, settings_, settings.id, "input"),
      instance_(std::visit([](auto made) { return InputInstance(must_be_made(std::move(made))); },
                           plugin.make_input(settings_.node, host_))),
      trouble_(host_.own_log(), services.clock),
      recorded_(is_recorded(instance_)),
      last_(settings.max_series, settings.interval) {}

InputRunner::~InputRunner() {
  join();
  connect({});
}

void InputRunner::start() {
  try {
    thread_.start([this](const std::stop_token& stop) {
      const Status status = guarded([&] { return loop(stop), Status::ok(); });
      if (!status) give_up(concat("this input ended: ", status.message()));
      if (replay_) end_recording();
    });
  } catch (...) {
    if (replay_) end_recording();
    throw;
  }
}

/// Nobody waits for it any more.
void InputRunner::end_recording() {
  {
    const std::lock_guard lock(pipelines_mutex_);
    for (const Inlet& inlet : pipelines_)
      if (inlet.turns) inlet.turns->leave(this, ended_ || !stop_.stop_requested());
    done_ = true;
  }
  replay_->ended();
}

bool InputRunner::broke_off() const {
  const std::lock_guard lock(pipelines_mutex_);
  return thread_.failed() && offered_;
}

void InputRunner::join() {
  thread_.request_stop();
  thread_.join();
}

void InputRunner::give_up(std::string_view message) {
  thread_.fail();
  host_.own_log().error(message);
}

void InputRunner::leave_behind() {
  host_.cut_off();
  connect({});
}

void InputRunner::loop(const std::stop_token& stop) {
  name_thread("in " + settings_.id);
  if (auto* input = std::get_if<std::unique_ptr<PollInput>>(&instance_))
    poll(**input, stop);
  else
    stream(*std::get<std::unique_ptr<StreamInput>>(instance_), stop);
}

bool InputRunner::pause(Duration pause, const std::stop_token& stop) {
  return services_.clock.wait({}, services_.clock.steady() + pause, stop) != Wake::stop;
}

void InputRunner::failed(const Status& status) {
  host_.numbers()->errors.fetch_add(1, std::memory_order_relaxed);
  trouble_.complain(status.code() == Status::Code::fatal ? Level::error : Level::warning, words_of(status));
}

template <class Input>
bool InputRunner::open(Input& input, const std::stop_token& stop) {
  Backoff backoff(std::min<Duration>(settings_.interval, 10s), longest_pause);
  while (!stop.stop_requested()) {
    const Status status = guarded([&] {
      const InstanceThread::Call call(thread_, services_.clock.steady());
      return input.open();
    });
    if (status) return opened_ = true;
    failed(status);
    if (stop.stop_requested()) return false;
    // Once it had started, a source that went is no reason to end the daemon.
    if (settings_.on_start_error == StartError::exit && !opened_) {
      give_up("could not start, and 'on_start_error' is 'exit'");
      fatal_();
      return false;
    }
    if (recorded_ || status.code() == Status::Code::fatal) {
      give_up(recorded_ ? recording_stopped : "this input is stopped; the rest goes on");
      return false;
    }
    if (!pause(status.not_before().value_or(backoff.next()), stop)) return false;
  }
  return false;
}

void InputRunner::connect(std::vector<Inlet> pipelines) {
  {
    const std::lock_guard lock(pipelines_mutex_);
    // Never out of one that it stays with, not for a moment.
    for (const Inlet& inlet : pipelines)
      if (inlet.turns && recorded_ && !done_) inlet.turns->join(this, inlet.rank, offered_);
    for (const Inlet& old : pipelines_)
      if (old.turns && std::ranges::find(pipelines, old.turns, &Inlet::turns) == pipelines.end())
        old.turns->leave(this, false);
    pipelines_ = std::move(pipelines);
  }
  if (replay_) replay_->ring();
}

void InputRunner::deliver(Batch& batch) {
  if (batch.empty()) return;
  const std::lock_guard lock(pipelines_mutex_);
  host_.numbers()->samples_in.fetch_add(batch.size(), std::memory_order_relaxed);
  if (host_.is_cut_off()) return host_.lose(batch);
  host_.numbers()->samples_out.fetch_add(batch.size() * pipelines_.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; i + 1 < pipelines_.size(); ++i) pipelines_[i].queue->push(std::make_shared<Batch>(batch));
  if (!pipelines_.empty()) pipelines_.back().queue->push(std::make_shared<Batch>(std::move(batch)));
  batch.clear();
}

/// Waits until each pipeline has room and it is this input's turn there; from a stop on it waits for nothing.
void InputRunner::replay(Batch& batch) {
  if (batch.empty()) return;
  host_.numbers()->samples_in.fetch_add(batch.size(), std::memory_order_relaxed);
  std::unique_lock lock(pipelines_mutex_);
  if (host_.is_cut_off()) return host_.lose(batch);
  offered_ = std::ranges::min(batch, {}, &Sample::time).time;
  // In all of them at once: two inputs that have two pipelines in common would wait for each other.
  for (const Inlet& inlet : pipelines_) {
    still_to_get_.insert(inlet.pipeline);
    inlet.turns->announce(this, offered_);
  }
  replay_->ring();
  while (!still_to_get_.empty()) {
    const std::uint64_t seen = replay_->rings();
    if (hand_over(batch)) continue;
    lock.unlock();
    replay_->wait(seen, stop_);
    lock.lock();
  }
  batch.clear();
}

/// To all that can take it now; whether there was one, or none is left.
bool InputRunner::hand_over(Batch& batch) {
  // One that a reload took away waits for nothing any more.
  const bool gone = std::erase_if(still_to_get_, [&](const std::string& id) {
                      return std::ranges::find(pipelines_, id, &Inlet::pipeline) == pipelines_.end();
                    }) > 0;
  bool moved = gone;
  for (const Inlet& inlet : pipelines_) {
    if (!still_to_get_.contains(inlet.pipeline)) continue;
    const bool ready = inlet.turns->is_next(this) && inlet.queue->has_room(batch.size());
    if (!ready && !stop_.stop_requested()) continue;
    still_to_get_.erase(inlet.pipeline);
    host_.numbers()->samples_out.fetch_add(batch.size(), std::memory_order_relaxed);
    auto own = still_to_get_.empty() ? std::make_shared<Batch>(std::move(batch)) : std::make_shared<Batch>(batch);
    inlet.queue->push(std::move(own));
    inlet.turns->announce(this, std::nullopt);
    moved = true;
  }
  return moved;
}

void InputRunner::follow_clock(Batch& batch) {
  const SteadyTime steady = services_.clock.steady();
  if (const Duration step = clock_step_.look(services_.clock.now(), steady); step != Duration::zero()) {
    host_.own_log().warning(concat("the clock ", step > Duration::zero() ? "went forward" : "was put back", " by ",
                                   format_duration(std::chrono::round<std::chrono::seconds>(std::chrono::abs(step))),
                                   step > Duration::zero() ? " more than the time that passed" : "",
                                   ": set, or this machine slept; what is counted is booked by the new time"));
    last_.step(step);
  }
  last_.follow(batch, steady);
}

void InputRunner::hand_on(Batch& batch) {
  host_.sift(batch);
  if (replay_) {
    host_.finish_step();
    return replay(batch);
  }
  // Only now: what the clock says after the stamps were made, they can have known.
  follow_clock(batch);
  host_.finish_step();
  deliver(batch);
}

Status InputRunner::step(PollInput& input) {
  Batch batch;
  const SteadyTime start = services_.clock.steady();
  const Status status = guarded([&] {
    const InstanceThread::Call call(thread_, start);
    return input.collect(batch);
  });
  host_.numbers()->last_duration = (services_.clock.steady() - start).count();
  hand_on(batch);
  return status;
}

void InputRunner::poll(PollInput& input, const std::stop_token& stop) {
  if (!open(input, stop)) return;
  Ticker ticker(services_.clock, settings_.interval);
  Backoff backoff(settings_.interval, std::max(longest_pause, settings_.interval));
  std::uint64_t missed = 0;
  while (true) {
    const Status status = step(input);
    if (status) {
      backoff.reset();
      trouble_.resolve("works again");
    } else {
      failed(status);
    }
    if (status.code() == Status::Code::fatal) {
      give_up("this input is stopped; the rest goes on");
      break;
    }
    SteadyTime next = ticker.next();
    if (ticker.missed() != missed) {
      host_.own_log().debug(concat("slower than its interval: ", ticker.missed() - missed, " ticks were left out"));
      host_.meter().counter("missed_ticks").fetch_add(ticker.missed() - missed, std::memory_order_relaxed);
      missed = ticker.missed();
    }
    if (!status) {
      const SteadyTime earliest = services_.clock.steady() + status.not_before().value_or(backoff.next());
      if (next < earliest)
        next += (earliest - next + settings_.interval - Duration{1}) / settings_.interval * settings_.interval;
    }
    if (services_.clock.wait({}, next, stop) == Wake::stop) {
      // What moved since the last tick belongs to us too, or to a successor.
      if (host_.is_cut_off()) break;
      if (const Status last = step(input); !last) failed(last);
      break;
    }
  }
  input.close();
  host_.finish_step();
}

void InputRunner::stream(StreamInput& input, const std::stop_token& stop) {
  Backoff backoff(1s, longest_pause);
  stop_ = stop;
  while (!stop.stop_requested()) {
    if (!open(input, stop)) return;
    trouble_.resolve("works again");
    const Status status = guarded([&] { return input.run(stop, *this); });
    ended_ = !stop.stop_requested();
    input.close();
    host_.finish_step();
    if (status) {
      if (!stop.stop_requested()) host_.own_log().info("the source has ended");
      return;
    }
    failed(status);
    if (recorded_ || status.code() == Status::Code::fatal) {
      give_up(recorded_ ? recording_stopped : "this input is stopped; the rest goes on");
      return;
    }
    if (!pause(status.not_before().value_or(backoff.next()), stop)) return;
  }
}

void InputRunner::emit(Batch& batch) { hand_on(batch); }

}  // namespace trafficd
