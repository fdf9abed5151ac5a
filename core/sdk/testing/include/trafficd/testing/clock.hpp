#pragma once
// Time that a test moves by hand. A wait returns at once: the clock jumps to the deadline, or to the next thing that
// the test planned. Nothing sleeps, so a day passes in a microsecond.

#include <functional>
#include <map>
#include <mutex>

#include "trafficd/host.hpp"

namespace trafficd::testing {

/// Begins at 2023-11-14T22:13:20Z (1700000000, a multiple of 10 s) with a steady clock at one hour. Any thread.
class ManualClock final : public Clock {
 public:
  static constexpr Timestamp default_start{std::chrono::seconds(1'700'000'000)};

  explicit ManualClock(Timestamp start = default_start) : wall_(start) {}

  Timestamp now() const override;
  SteadyTime steady() const override;
  /// Readable when a descriptor is readable now; else runs what `at` planned up to the deadline, looking at the
  /// descriptors after each; else jumps to the deadline. A deadline beyond the horizon jumps to the horizon and says
  /// stop.
  Wake wait(std::span<const int> fds, SteadyTime deadline, const std::stop_token& stop) override;

  /// Moves both clocks forward, running what was planned on the way.
  void advance(Duration step);
  void advance_to(SteadyTime time);
  /// Somebody sets the wall clock; the steady one does not notice.
  void step_wall(Duration step);
  /// Plans `action` for so long from now: a frame that arrives, a file that changes. Run by `wait` and `advance`.
  void at(Duration from_now, std::function<void()> action);
  /// No wait goes past this; unset, only a deadline of SteadyTime::max() stops.
  void set_horizon(SteadyTime horizon);

 private:
  void move_to(SteadyTime time);
  /// Runs the first planned action that is due by `limit`; false when there is none.
  bool run_next(SteadyTime limit);

  mutable std::mutex mutex_;
  Timestamp wall_;
  SteadyTime steady_{std::chrono::hours(1)};
  SteadyTime horizon_ = SteadyTime::max();
  std::multimap<SteadyTime, std::function<void()>> planned_;
};

}  // namespace trafficd::testing
