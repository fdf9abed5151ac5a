#pragma once
// A source that cannot tell its lives, for the tests of what a tracker makes of it.

#include "trafficd/counter.hpp"

namespace trafficd::testing {

using Reason = Increase::Reason;
using Amounts = std::vector<std::uint64_t>;
constexpr std::uint64_t range = std::uint64_t{1} << 32;
constexpr int day = 86'400;

inline Timestamp at(int seconds) { return Timestamp{std::chrono::seconds{1'700'000'000 + seconds}}; }

/// A router with two counters, read by a tracker that adds up what it is told.
struct Router {
  explicit Router(CounterTraits traits = {}) {
    const MeasurementPtr measurement = make_measurement(
        "router", "", {{"rx_bytes", Kind::counter, "By", ""}, {"tx_bytes", Kind::counter, "By", ""}}, {"router"});
    series = make_series("lan", measurement, {{"router", "dsl"}}, {}, traits);
  }
  Sample sample(int time, Value rx, Value tx) const { return {series, at(time), 0, false, false, {rx, tx}}; }
  Increase read(int time, Value rx, Value tx = 0) {
    Increase increase = tracker.step(sample(time, rx, tx));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += increase.amounts[i];
    for (const Doubt& doubt : increase.doubts) doubts.push_back(doubt);
    return increase;
  }
  SeriesPtr series;
  CounterTracker tracker;
  Amounts sum = {0, 0};
  std::vector<Doubt> doubts;
};

}  // namespace trafficd::testing
