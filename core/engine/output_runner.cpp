#include "engine/output_runner.hpp"

#include <set>

#include "engine/guard.hpp"
#include "engine/thread_name.hpp"

namespace trafficd {

namespace {
using namespace std::chrono_literals;
constexpr Duration idle_pause = 1min;
}  // namespace

OutputRunner::OutputRunner(const Services& services, const OutputSettings& settings, const PluginDescriptor& plugin,
                           std::function<void()> fatal)
    : services_(services),
      settings_(settings),
      fatal_(std::move(fatal)),
      host_(services, settings_, settings.id, "output"),
      instance_(plugin.make_output(settings_.node, host_)),
      trouble_(host_.log(), services.clock),
      rejects_(host_.log(), services.clock),
      queue_(settings.queue, host_.numbers()),
      backoff_(1s, 1min) {}

OutputRunner::~OutputRunner() {
  if (!thread_.joinable()) return;
  request_stop(services_.clock.steady());
  join();
}

void OutputRunner::start() {
  next_idle_ = services_.clock.steady() + idle_pause;
  ended_ = false;
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void OutputRunner::request_stop(SteadyTime deadline) {
  stop_deadline_ = deadline.time_since_epoch().count();
  thread_.request_stop();
}

void OutputRunner::join() {
  if (thread_.joinable()) thread_.join();
}

void OutputRunner::failed(const Status& status) {
  host_.numbers()->errors.fetch_add(1, std::memory_order_relaxed);
  trouble_.complain(status.code() == Status::Code::fatal ? Level::error : Level::warning, status.message());
}

bool OutputRunner::open(const std::stop_token& stop) {
  Backoff backoff(1s, 1min);
  while (true) {
    const Status status = guarded([&] { return instance_->open(); });
    if (status) {
      trouble_.resolve("works again");
      return true;
    }
    failed(status);
    if (settings_.on_start_error == StartError::exit) {
      host_.log().error("could not start, and 'on_start_error' is 'exit'");
      fatal_();
      return false;
    }
    if (status.code() == Status::Code::fatal) {
      host_.log().error("this output is stopped; the rest goes on");
      return false;
    }
    const SteadyTime next = services_.clock.steady() + status.not_before().value_or(backoff.next());
    if (services_.clock.wait({}, next, stop) == Wake::stop) return false;
  }
}

void OutputRunner::loop(const std::stop_token& stop) {
  name_thread("out " + settings_.id);
  const Status status = guarded([&] {
    if (open(stop))
      serve(stop);
    else if (!stop.stop_requested())
      refuse(stop);
    return Status::ok();
  });
  if (!status) host_.log().error(concat("this output ended: ", status.message()));
  give_up("stop");
  ended_ = true;
}

void OutputRunner::refuse(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    give_up("output_stopped");
    queue_.wait(1, std::nullopt, stop);
  }
}

void OutputRunner::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    wait_for_work(stop);
    if (stop.stop_requested()) break;
    idle();
    const Status status = step();
    if (status.code() == Status::Code::fatal) {
      host_.log().error("this output is stopped; the rest goes on");
      refuse(stop);
      break;
    }
    if (!status) {
      const SteadyTime next = services_.clock.steady() + status.not_before().value_or(backoff_.next());
      services_.clock.wait({}, next, stop);
    }
  }
  drain();
  instance_->close();
  host_.end_step();
}

void OutputRunner::wait_for_work(const std::stop_token& stop) {
  if (in_flight_) return;
  if (queue_.wait(1, next_idle_, stop) == 0 || stop.stop_requested()) return;
  // A queue must not fill up, and thin, for want of a batch that it cannot hold.
  const std::size_t enough = std::min(settings_.batch_size, settings_.queue / 2);
  if (settings_.flush_interval > Duration::zero())
    queue_.wait(enough, services_.clock.steady() + settings_.flush_interval, stop);
}

void OutputRunner::idle() {
  const SteadyTime now = services_.clock.steady();
  if (now < next_idle_) return;
  next_idle_ = now + idle_pause;
  if (const Status status = guarded([&] { return instance_->idle(); }); !status) failed(status);
}

void OutputRunner::fetch() {
  std::vector<std::shared_ptr<const Batch>> taken = queue_.take(settings_.batch_size);
  if (taken.empty()) return;
  done_ = 0;
  if (taken.size() == 1) {
    in_flight_ = std::move(taken.front());
  } else {
    auto joined = std::make_shared<Batch>();
    for (const auto& batch : taken) joined->insert(joined->end(), batch->begin(), batch->end());
    in_flight_ = std::move(joined);
  }
  host_.numbers()->samples_in.fetch_add(in_flight_->size(), std::memory_order_relaxed);
}

Status OutputRunner::step() {
  if (!in_flight_) fetch();
  if (!in_flight_) return Status::ok();
  const Status status = write();
  host_.end_step();
  return status;
}

Status OutputRunner::write() {
  const std::span<const Sample> rest = std::span(*in_flight_).subspan(done_);
  const std::span<const Sample> offered = rest.first(std::min<std::size_t>(rest.size(), settings_.batch_size));
  const SteadyTime start = services_.clock.steady();
  WriteResult result;
  const Status thrown = guarded([&] {
    result = instance_->write(offered);
    return Status::ok();
  });
  host_.numbers()->last_duration = (services_.clock.steady() - start).count();
  if (!thrown) result = WriteResult::failed(thrown);
  // An output that answers more than it was asked is not believed: nothing may be skipped for that.
  result.written = std::min(result.written, offered.size());
  if (result.status && result.written == 0)
    result.status = Status::retry("the output wrote nothing and named no reason");
  account(offered, result);
  done_ += result.written;
  if (done_ == in_flight_->size()) in_flight_.reset();
  if (!result.status) {
    failed(result.status);
  } else {
    trouble_.resolve("works again");
    backoff_.reset();
  }
  return result.status;
}

void OutputRunner::account(std::span<const Sample> offered, const WriteResult& result) {
  Given rejected;
  std::set<std::size_t> indices(result.rejected.begin(), result.rejected.end());
  for (std::size_t index : indices)
    if (index < result.written) rejected.add(offered[index]);
  host_.numbers()->samples_out.fetch_add(result.written - rejected.samples, std::memory_order_relaxed);
  if (rejected.samples == 0) {
    if (result.written > 0) rejects_.resolve("nothing is rejected any more");
    return;
  }
  const std::string reason = result.reject_reason.empty() ? "rejected" : result.reject_reason;
  host_.numbers()->reject(reason, rejected.samples, rejected.first, rejected.last);
  rejects_.complain(Level::warning, concat(rejected.samples, " samples rejected for good: ", reason));
}

void OutputRunner::drain() {
  const SteadyTime deadline{Duration(stop_deadline_.load())};
  while (services_.clock.steady() <= deadline && (in_flight_ || queue_.size() > 0))
    if (!step()) break;
}

void OutputRunner::give_up(const std::string& reason) {
  Given lost;
  if (in_flight_)
    std::for_each(in_flight_->begin() + static_cast<std::ptrdiff_t>(done_), in_flight_->end(),
                  [&](const Sample& s) { lost.add(s); });
  in_flight_.reset();
  for (auto taken = queue_.take(settings_.batch_size); !taken.empty(); taken = queue_.take(settings_.batch_size))
    for (const auto& batch : taken) {
      host_.numbers()->samples_in.fetch_add(batch->size(), std::memory_order_relaxed);
      for (const Sample& sample : *batch) lost.add(sample);
    }
  if (lost.samples == 0) return;
  host_.numbers()->lose(reason, lost.samples, lost.first, lost.last);
  const std::string message = concat(lost.samples, " samples could not be written (", reason, ")");
  // The last word of an output is always said, however often it complained before.
  if (reason == "stop")
    host_.log().error(message);
  else
    trouble_.complain(Level::error, message);
}

}  // namespace trafficd
