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
  /// Adds what is due; `out` then runs through the later stages.
  virtual void tick(Timestamp, Batch&) {}
  virtual void close() noexcept {}
};

}  // namespace trafficd
