#pragma once
// The real clock behind the SDK's Clock.

#include "trafficd/host.hpp"

namespace trafficd {

/// Any thread; each waiting thread uses one event descriptor of its own.
class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
  SteadyTime steady() const override;
  Wake wait(std::span<const int> fds, SteadyTime deadline, const std::stop_token& stop) override;
};

}  // namespace trafficd
