#pragma once
// Notices that the wall clock was set, and keeps what is counted out of the time that was skipped.

#include "trafficd/sample.hpp"

namespace trafficd {

/// Compares the wall clock with the steady one from look to look. One thread.
class ClockStep {
 public:
  /// How far the wall clock went beyond the time that passed since the last look (negative: back); zero within the
  /// tolerance, and at the first look. A machine that slept looks like a clock that was set forward.
  Duration look(Timestamp wall, SteadyTime steady);

  static constexpr Duration tolerance = std::chrono::seconds(2);

 private:
  Timestamp wall_;
  SteadyTime steady_{};
  bool looked_ = false;
};

/// After a step forward: the same totals as in `last`, stamped as the new clock would have done. So the next growth is
/// booked into the time since then, not spread over what the clock skipped. Gauges and deltas are absent; series
/// without counters, and stamps that would lie after `now`, are left out.
Batch stamped_anew(const Batch& last, Duration step, Timestamp now);

}  // namespace trafficd
