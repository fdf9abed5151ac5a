#pragma once
// What a stage implements: it sees every batch of its pipeline on the pipeline's thread, in order, and may change it.

#include "trafficd/sample.hpp"
#include "trafficd/status.hpp"

namespace trafficd {

class Stage {
 public:
  virtual ~Stage() = default;
  virtual Status open() { return Status::ok(); }
  /// Changes, removes or adds samples. Must not block and cannot fail: a bad sample is removed and counted.
  virtual void process(Batch& batch) = 0;
  /// How often `tick` is wanted; zero: never.
  virtual Duration tick_interval() const { return Duration::zero(); }
  /// Adds what is due; `out` then runs through the later stages. Behind recorded inputs the time is that of the
  /// samples: all up to and including it have come, none after it. At the end of the recordings comes a last one, at
  /// the time of the newest sample.
  virtual void tick(Timestamp, Batch&) {}
  virtual void close() noexcept {}
};

}  // namespace trafficd
