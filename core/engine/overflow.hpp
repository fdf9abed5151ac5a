#pragma once
// What a full queue lost, told in the log by whoever pushed.

#include <mutex>

#include "engine/thinning.hpp"
#include "trafficd/calendar.hpp"
#include "trafficd/host.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

/// Any thread.
class Overflow {
 public:
  /// `advice` says what to do about it.
  Overflow(Logger& log, Clock& clock, std::string advice) : complaint_(log, clock), advice_(std::move(advice)) {}

  void tell(const Given& lost) {
    const std::lock_guard lock(mutex_);
    complaint_.complain(Level::error,
                        concat("the queue is full: ", lost.samples, " samples from ", format_utc(lost.first), " to ",
                               format_utc(lost.last), " are lost; ", advice_));
  }

 private:
  std::mutex mutex_;
  Complaint complaint_;
  const std::string advice_;
};

}  // namespace trafficd
