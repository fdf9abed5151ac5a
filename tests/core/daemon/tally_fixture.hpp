#pragma once
// Samples as the input of a replay gives them.

#include "catch.hpp"
#include "daemon/replay/tally.hpp"

namespace trafficd::replay {

/// 2023-11-14 22:15:00 UTC and so many seconds.
inline Timestamp at(std::int64_t seconds) { return Timestamp{std::chrono::seconds(1'700'000'100 + seconds)}; }

inline Sample device(const std::string& name, const std::string& family, const std::string& scope,
                     std::vector<Value> bytes, std::uint64_t epoch, Tags attributes = {}) {
  static const MeasurementPtr measurement =
      make_measurement("device", "", {{"rx_bytes", Kind::counter, "By", ""}, {"tx_bytes", Kind::counter, "By", ""}},
                       {"device", "family", "interface", "scope"});
  SeriesPtr series = make_series("replay", measurement,
                                 {{"interface", "file"}, {"device", name}, {"family", family}, {"scope", scope}},
                                 std::move(attributes));
  return {std::move(series), at(1), epoch, true, false, std::move(bytes)};
}

}  // namespace trafficd::replay
