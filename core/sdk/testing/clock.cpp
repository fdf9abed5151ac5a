#include "trafficd/testing/clock.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace trafficd::testing {

namespace {

bool any_readable(std::span<const int> fds) {
  std::vector<pollfd> polled;
  for (int fd : fds)
    if (fd >= 0) polled.push_back({fd, POLLIN, 0});
  return !polled.empty() && ::poll(polled.data(), polled.size(), 0) > 0;
}

}  // namespace

Timestamp ManualClock::now() const {
  const std::lock_guard lock(mutex_);
  return wall_;
}

SteadyTime ManualClock::steady() const {
  const std::lock_guard lock(mutex_);
  return steady_;
}

Wake ManualClock::wait(std::span<const int> fds, SteadyTime deadline, const std::stop_token& stop) {
  SteadyTime horizon;
  {
    const std::lock_guard lock(mutex_);
    horizon = horizon_;
  }
  while (true) {
    if (stop.stop_requested()) return Wake::stop;
    if (any_readable(fds)) return Wake::readable;
    if (!run_next(std::min(deadline, horizon))) break;
  }
  if (deadline > horizon || deadline == SteadyTime::max()) {
    if (horizon != SteadyTime::max()) move_to(horizon);
    return Wake::stop;
  }
  move_to(deadline);
  return Wake::deadline;
}

void ManualClock::advance(Duration step) { advance_to(steady() + step); }

void ManualClock::advance_to(SteadyTime time) {
  while (run_next(time)) {
  }
  move_to(time);
}

void ManualClock::step_wall(Duration step) {
  const std::lock_guard lock(mutex_);
  wall_ += step;
}

void ManualClock::at(Duration from_now, std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  planned_.emplace(steady_ + from_now, std::move(action));
}

void ManualClock::set_horizon(SteadyTime horizon) {
  const std::lock_guard lock(mutex_);
  horizon_ = horizon;
}

void ManualClock::move_to(SteadyTime time) {
  const std::lock_guard lock(mutex_);
  if (time <= steady_) return;
  wall_ += time - steady_;
  steady_ = time;
}

bool ManualClock::run_next(SteadyTime limit) {
  std::function<void()> action;
  SteadyTime due;
  {
    const std::lock_guard lock(mutex_);
    if (planned_.empty() || planned_.begin()->first > limit) return false;
    due = planned_.begin()->first;
    action = std::move(planned_.begin()->second);
    planned_.erase(planned_.begin());
  }
  move_to(due);
  action();
  return true;
}

}  // namespace trafficd::testing
