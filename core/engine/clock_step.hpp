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

/// What each series of one input had last, for a clock that is set forward: then the same totals are sent once more,
/// stamped as the new clock would have done, before what comes next. So its growth is booked into the time that really
/// passed, not spread over what the clock skipped. One thread.
class LastTotals {
 public:
  LastTotals(std::size_t most_series, Duration interval) : series_(most_series), interval_(interval) {}

  /// The clock was set by so much.
  void step(Duration by) { set_by_ += by; }
  /// Puts the marks before the samples that need one: those whose stamp jumped with the clock. The stamps of another
  /// machine or of a recording do not, whatever our clock does. `seen` is when the batch came.
  void follow(Batch& batch, SteadyTime seen);

 private:
  struct Last {
    Sample sample;
    SteadyTime seen;
    Duration followed;  // so much of `set_by_` the stamps of this series went along with
  };

  /// The mark that `next` needs before it; one without a series where it needs none.
  Sample mark_before(const Sample& next, Last& last, SteadyTime seen) const;

  SeriesMap<Last> series_;
  const Duration interval_;
  Duration set_by_{};
  SteadyTime purged_{};
};

}  // namespace trafficd
