#include "engine/input_runner.hpp"

#include "engine/guard.hpp"
#include "engine/thread_name.hpp"

namespace trafficd {

namespace {
using namespace std::chrono_literals;
constexpr Duration longest_pause = 5min;
}  // namespace

InputRunner::InputRunner(const Services& services, const InstanceSettings& settings, const PluginDescriptor& plugin,
                         std::function<void()> fatal)
    : services_(services),
      settings_(settings),
      fatal_(std::move(fatal)),
      host_(services, settings_, settings.id, "input"),
      instance_(plugin.make_input(settings_.node, host_)),
      trouble_(host_.log(), services.clock) {}

InputRunner::~InputRunner() { join(); }

void InputRunner::start() {
  ended_ = false;
  thread_ = std::jthread([this](const std::stop_token& stop) {
    const Status status = guarded([&] { return loop(stop), Status::ok(); });
    if (!status) host_.log().error(concat("this input ended: ", status.message()));
    ended_ = true;
  });
}

void InputRunner::join() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
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
  trouble_.complain(status.code() == Status::Code::fatal ? Level::error : Level::warning, status.message());
}

template <class Input>
bool InputRunner::open(Input& input, const std::stop_token& stop) {
  Backoff backoff(std::min<Duration>(settings_.interval, 10s), longest_pause);
  while (!stop.stop_requested()) {
    const Status status = guarded([&] { return input.open(); });
    if (status) return opened_ = true;
    failed(status);
    // Once it had started, a source that went is no reason to end the daemon.
    if (settings_.on_start_error == StartError::exit && !opened_) {
      host_.log().error("could not start, and 'on_start_error' is 'exit'");
      fatal_();
      return false;
    }
    if (status.code() == Status::Code::fatal) {
      host_.log().error("this input is stopped; the rest goes on");
      return false;
    }
    if (!pause(status.not_before().value_or(backoff.next()), stop)) return false;
  }
  return false;
}

void InputRunner::deliver(Batch& batch) {
  if (batch.empty()) return;
  host_.drop_muted(batch);
  host_.numbers()->samples_in.fetch_add(batch.size(), std::memory_order_relaxed);
  host_.numbers()->samples_out.fetch_add(batch.size() * pipelines_.size(), std::memory_order_relaxed);
  for (std::size_t i = 0; i + 1 < pipelines_.size(); ++i) pipelines_[i]->push(std::make_shared<Batch>(batch));
  if (!pipelines_.empty()) pipelines_.back()->push(std::make_shared<Batch>(std::move(batch)));
  batch.clear();
}

void InputRunner::follow_clock(Timestamp now, SteadyTime steady) {
  const Duration step = clock_step_.look(now, steady);
  if (step == Duration::zero()) return;
  host_.log().warning(concat("the clock ", step > Duration::zero() ? "went forward" : "was put back", " by ",
                             format_duration(std::chrono::round<std::chrono::seconds>(std::chrono::abs(step))),
                             step > Duration::zero() ? " more than the time that passed" : "",
                             ": set, or this machine slept; what is counted is booked by the new time"));
  if (step < Duration::zero()) return;
  Batch marks = stamped_anew(last_, step, now);
  deliver(marks);
}

Status InputRunner::step(PollInput& input) {
  Batch batch;
  const SteadyTime start = services_.clock.steady();
  follow_clock(services_.clock.now(), start);
  const Status status = guarded([&] { return input.collect(batch); });
  host_.numbers()->last_duration = (services_.clock.steady() - start).count();
  if (!batch.empty()) last_ = batch;
  deliver(batch);
  host_.end_step();
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
      host_.log().error("this input is stopped; the rest goes on");
      break;
    }
    SteadyTime next = ticker.next();
    if (ticker.missed() != missed) {
      host_.log().debug(concat("slower than its interval: ", ticker.missed() - missed, " ticks were left out"));
      host_.meter().counter("missed_ticks").fetch_add(ticker.missed() - missed, std::memory_order_relaxed);
      missed = ticker.missed();
    }
    if (!status) {
      const SteadyTime earliest = services_.clock.steady() + status.not_before().value_or(backoff.next());
      if (next < earliest)
        next += (earliest - next + settings_.interval - Duration{1}) / settings_.interval * settings_.interval;
    }
    if (services_.clock.wait({}, next, stop) == Wake::stop) {
      // What moved since the last tick belongs to us too.
      if (const Status last = step(input); !last) failed(last);
      break;
    }
  }
  input.close();
  host_.end_step();
}

void InputRunner::stream(StreamInput& input, const std::stop_token& stop) {
  Backoff backoff(1s, longest_pause);
  while (!stop.stop_requested()) {
    if (!open(input, stop)) return;
    trouble_.resolve("works again");
    const Status status = guarded([&] { return input.run(stop, *this); });
    input.close();
    host_.end_step();
    if (status) {
      if (!stop.stop_requested()) host_.log().info("the source has ended");
      return;
    }
    failed(status);
    if (status.code() == Status::Code::fatal) {
      host_.log().error("this input is stopped; the rest goes on");
      return;
    }
    if (!pause(status.not_before().value_or(backoff.next()), stop)) return;
  }
}

void InputRunner::emit(Batch& batch) {
  deliver(batch);
  host_.end_step();
}

}  // namespace trafficd
