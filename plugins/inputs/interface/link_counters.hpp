#pragma once
// The counters that the kernel keeps of a network interface. Their names are the same in /sys/class/net/X/statistics
// and in the link messages of rtnetlink, and they are the field names of our measurements.

#include <array>
#include <cstddef>

#include "trafficd/sample.hpp"

namespace trafficd::interface {

struct LinkCounter {
  const char* name;
  const char* unit;
  const char* help;
  std::size_t offset;  ///< in struct rtnl_link_stats64
};

inline constexpr std::size_t link_counter_count = 24;
inline constexpr std::size_t main_counter_count = 8;  ///< the first ones make up the measurement `interface`
extern const std::array<LinkCounter, link_counter_count> link_counters;

/// One value per entry of `link_counters`; absent where the kernel has none.
using LinkCounters = std::array<Value, link_counter_count>;

MeasurementPtr main_measurement();
MeasurementPtr detail_measurement();

}  // namespace trafficd::interface
