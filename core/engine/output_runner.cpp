#include "engine/output_runner.hpp"

#include <set>

#include "engine/guard.hpp"
#include "engine/thread_name.hpp"

namespace trafficd {

namespace {
using namespace std::chrono_literals;
constexpr Duration idle_pause = 1min, drain_moment = 1s;
}  // namespace

OutputRunner::OutputRunner(const Services& services, const OutputSettings& settings, const PluginDescriptor& plugin,
                           std::function<void()> fatal)
    : services_(services),
      settings_(settings),
      fatal_(std::move(fatal)),
      host_(services, settings_, settings.id, "output"),
      instance_(must_be_made(plugin.make_output(settings_.node, host_))),
      backlog_(services, settings_, host_),
      rejects_file_(services.state_folder / "rejects" / (settings.id + ".txt")),
      trouble_(host_.own_log(), services.clock),
      rejects_(host_.own_log(), services.clock),
      no_rejects_file_(host_.own_log(), services.clock),
      nonsense_(host_.own_log(), services.clock),
      backoff_(1s, 1min) {}

OutputRunner::~OutputRunner() {
  if (!thread_.joinable()) return;
  request_stop(services_.clock.steady());
  join();
}

void OutputRunner::start() {
  next_idle_ = services_.clock.steady() + idle_pause;
  thread_.start([this](const std::stop_token& stop) { loop(stop); });
}

void OutputRunner::request_stop(SteadyTime deadline) {
  stop_deadline_ = deadline.time_since_epoch().count();
  backlog_.hurry(deadline);
  thread_.request_stop();
}

void OutputRunner::request_exchange(SteadyTime deadline, bool successor_has_spool) {
  successor_has_spool_ = successor_has_spool;
  exchanged_ = true;
  request_stop(successor_has_spool || !has_spool() ? services_.clock.steady() : deadline);
}

void OutputRunner::join() {
  thread_.join();
  if (thread_.begun()) return;
  const Status kept = guarded([&] { return take_over(), backlog_.rescue(), Status::ok(); });
  if (!kept) host_.own_log().error(kept.message());
}

void OutputRunner::take_over() {
  const std::lock_guard lock(take_over_mutex_);
  if (!predecessor_) return;
  backlog_.take_over(predecessor_.load()->hand_over());
  predecessor_ = nullptr;
}

std::vector<std::shared_ptr<const Batch>> OutputRunner::hand_over() {
  take_over();
  auto left = backlog_.hand_over(successor_has_spool_);
  handed_over_ = true;
  return left;
}

void OutputRunner::leave_behind(bool has_successor) {
  host_.cut_off();
  if (has_successor) return;
  rescuing_ = true;
  const auto work = [this] {
    rescue();
    rescuing_ = false;
  };
  const Status started = guarded([&] { return rescuer_ = std::jthread(work), Status::ok(); });
  if (!started) work();
}

void OutputRunner::rescue() {
  const Status status = guarded([&] {
    // What the predecessor has comes first, and its disk hangs.
    if (predecessor_)
      backlog_.give_up("stop");
    else
      backlog_.rescue();
    return Status::ok();
  });
  if (!status) host_.own_log().error(status.message());
}

void OutputRunner::give_up(std::string_view message) {
  thread_.fail();
  host_.own_log().error(message);
}

bool OutputRunner::is_settled() const {
  if (thread_.failed() || backlog_.queue().idle()) return true;
  return has_spool() && (failing_ || thread_.condition(services_.clock.steady(), longest_call()) == "hangs");
}

void OutputRunner::failed(const Status& status) {
  failing_ = true;
  host_.numbers()->errors.fetch_add(1, std::memory_order_relaxed);
  trouble_.complain(status.code() == Status::Code::fatal ? Level::error : Level::warning, words_of(status));
}

bool OutputRunner::open(const std::stop_token& stop) {
  Backoff backoff(1s, 1min);
  while (true) {
    const Status status = guarded([&] {
      const Backlog::Away away(backlog_, trouble_.active());
      const InstanceThread::Call call(thread_, services_.clock.steady());
      return instance_->open();
    });
    if (status) {
      failing_ = false;
      trouble_.resolve("works again");
      return true;
    }
    failed(status);
    if (stop.stop_requested()) return false;
    if (settings_.on_start_error == StartError::exit) {
      give_up("could not start, and 'on_start_error' is 'exit'");
      fatal_();
      return false;
    }
    if (status.code() == Status::Code::fatal) {
      give_up("this output is stopped; the rest goes on");
      return false;
    }
    pause(services_.clock.steady() + status.not_before().value_or(backoff.next()), stop);
    if (stop.stop_requested()) return false;
  }
}

void OutputRunner::loop(const std::stop_token& stop) {
  name_thread("out " + settings_.id);
  const Status status = guarded([&] {
    take_over();
    std::jthread keeper;
    const Status kept = guarded([&] {
      if (backlog_.has_spool())
        keeper = std::jthread([this](const std::stop_token& end) {
          name_thread("keep " + settings_.id);
          const Status watched = guarded([&] { return backlog_.watch(end), Status::ok(); });
          if (!watched) host_.own_log().error(concat("nobody looks after the queue any more: ", watched.message()));
        });
      return Status::ok();
    });
    if (!kept) {
      failed(kept);
      give_up("this output is stopped, for it cannot have a second thread; the rest goes on");
      refuse(stop);
    } else if (open(stop)) {
      serve(stop);
    } else if (!stop.stop_requested()) {
      refuse(stop);
    }
    return Status::ok();
  });
  if (!status) {
    give_up(concat("this output ended: ", status.message()));
    discard(stop);
  }
  const Status finished = guarded([&] {
    if (!exchanged_) backlog_.finish();
    return Status::ok();
  });
  if (!finished) {
    host_.own_log().error(finished.message());
    backlog_.give_up("stop");
  }
}

void OutputRunner::discard(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    backlog_.give_up("output_stopped");
    queue().wait(1, std::nullopt, stop);
  }
}

void OutputRunner::refuse(const std::stop_token& stop) {
  if (backlog_.has_spool())
    pause(SteadyTime::max(), stop);
  else
    discard(stop);
}

void OutputRunner::pause(SteadyTime until, const std::stop_token& stop) {
  while (!stop.stop_requested() && services_.clock.steady() < until) {
    backlog_.keep_up(true);
    queue().wait(backlog_.mark(), std::min(until, backlog_.next_turn()), stop);
  }
}

void OutputRunner::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    wait_for_work(stop);
    if (stop.stop_requested()) break;
    idle();
    const Status status = step();
    if (status.code() == Status::Code::fatal) {
      give_up("this output is stopped; the rest goes on");
      refuse(stop);
      instance_->close();
      return;
    }
    if (!status) pause(services_.clock.steady() + status.not_before().value_or(backoff_.next()), stop);
  }
  drain();
  instance_->close();
  host_.finish_step();
}

void OutputRunner::wait_for_work(const std::stop_token& stop) {
  if (backlog_.pending()) return;
  queue().rest();
  if (queue().wait(1, std::min(next_idle_, backlog_.next_turn()), stop) == 0 || stop.stop_requested()) return;
  // A queue must not fill up, and thin, for want of a batch that it cannot hold.
  const std::size_t enough = std::min(settings_.batch_size, settings_.queue / 2);
  if (settings_.flush_interval > Duration::zero())
    queue().gather(enough, services_.clock.steady() + settings_.flush_interval, stop);
}

void OutputRunner::idle() {
  const SteadyTime now = services_.clock.steady();
  if (now < next_idle_) return;
  next_idle_ = now + idle_pause;
  const Status status = guarded([&] {
    const Backlog::Away away(backlog_, trouble_.active());
    const InstanceThread::Call call(thread_, now);
    return instance_->idle();
  });
  if (!status) failed(status);
}

Status OutputRunner::step() {
  const auto offer = backlog_.next(trouble_.active());
  if (!offer) {
    const Status status = Status::retry(offer.error());
    failed(status);
    return status;
  }
  if (offer->samples.empty()) return Status::ok();
  Status status = write(offer->samples);
  host_.finish_step();
  return status;
}

Status OutputRunner::write(std::span<const Sample> offered) {
  const SteadyTime start = services_.clock.steady();
  WriteResult result;
  const Status thrown = guarded([&] {
    const Backlog::Away away(backlog_, trouble_.active());
    const InstanceThread::Call call(thread_, start);
    result = instance_->write(offered);
    return Status::ok();
  });
  host_.numbers()->last_duration = (services_.clock.steady() - start).count();
  // What it had in hand is another's by now, and counted there.
  if (host_.is_cut_off()) return Status::retry("left behind");
  if (!thrown) result = WriteResult::failed(thrown);
  look_for_nonsense(result, offered.size());
  // What was not offered cannot have been written: nothing may be skipped for that.
  result.written = std::min(result.written, offered.size());
  if (result.status && result.written == 0)
    result.status = Status::retry("the output wrote nothing and named no reason");
  account(offered, result);
  backlog_.done(result.written);
  if (!result.status) {
    failed(result.status);
  } else {
    failing_ = false;
    trouble_.resolve("works again");
    backoff_.reset();
  }
  return result.status;
}

void OutputRunner::look_for_nonsense(const WriteResult& result, std::size_t offered) {
  const auto beyond = [&](std::size_t index) { return index >= result.written; };
  if (result.written <= offered && std::ranges::none_of(result.rejected, beyond)) return;
  host_.numbers()->errors.fetch_add(1, std::memory_order_relaxed);
  nonsense_.complain(
      Level::error,
      concat("the plugin answered ", result.written, " written and ", result.rejected.size(), " rejected for ", offered,
             " samples, which cannot be; what makes no sense is not believed: tell its author"));
}

void OutputRunner::account(std::span<const Sample> offered, const WriteResult& result) {
  Given given;
  std::vector<const Sample*> rejected;
  for (const std::size_t index : std::set(result.rejected.begin(), result.rejected.end()))
    if (index < result.written) {
      given.add(offered[index]);
      rejected.push_back(&offered[index]);
    }
  host_.numbers()->samples_out.fetch_add(result.written - given.samples, std::memory_order_relaxed);
  if (rejected.empty()) {
    if (result.written > 0) rejects_.resolve("nothing is rejected any more");
    return;
  }
  const std::string reason = result.reject_reason.empty() ? "rejected" : result.reject_reason;
  host_.numbers()->reject(reason, given.samples, given.first, given.last);
  set_aside(rejected, reason);
}

void OutputRunner::set_aside(std::span<const Sample* const> rejected, const std::string& reason) {
  const Status status = rejects_file_.add(services_.clock.now(), reason, rejected);
  rejects_.complain(Level::warning, concat(rejected.size(), " samples rejected for good: ", reason,
                                           status ? "; set aside in " : "", status ? rejects_file_.path() : ""));
  if (status)
    no_rejects_file_.resolve("rejected samples are set aside again");
  else
    no_rejects_file_.complain(Level::warning, status.message());
}

/// What can wait on disk keeps nobody who wants to stop: a receiver that works is given a moment, one that does not is
/// not asked again.
void OutputRunner::drain() {
  if (host_.is_cut_off()) return;
  if (exchanged_ && (successor_has_spool_ || !has_spool())) return;
  const SteadyTime deadline{Duration(stop_deadline_.load())};
  const SteadyTime enough = services_.clock.steady() + (trouble_.active() ? Duration::zero() : drain_moment);
  while (services_.clock.steady() <= deadline && (backlog_.pending() || queue().size() > 0)) {
    if (!exchanged_ && services_.clock.steady() >= enough && backlog_.keep_all()) break;
    if (!step()) break;
  }
}

}  // namespace trafficd
