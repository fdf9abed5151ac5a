#pragma once
// Aligned deadlines for everything that happens again and again.

#include "trafficd/host.hpp"

namespace trafficd {

/// 10 s fires at :00, :10, :20 by the wall clock, yet waits by the steady one: a clock that is stepped shifts the
/// next deadline, never makes two at once or a long silence. One thread.
class Ticker {
 public:
  Ticker(Clock& clock, Duration interval);
  /// The next deadline. Ticks that were missed are skipped, and counted.
  SteadyTime next();
  std::uint64_t missed() const { return missed_; }

 private:
  Clock& clock_;
  Duration interval_;
  SteadyTime last_{};
  std::uint64_t missed_ = 0;
};

/// Pauses that double from `first` to `most`, with a jitter of a tenth; `reset` after a success. One thread.
class Backoff {
 public:
  Backoff(Duration first, Duration most) : first_(first), most_(most) {}
  Duration next();
  void reset() { current_ = Duration::zero(); }

 private:
  Duration first_, most_, current_{};
};

}  // namespace trafficd
