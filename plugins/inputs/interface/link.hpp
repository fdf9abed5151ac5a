#pragma once
// One interface that is watched, and what is known of it from tick to tick.

#include <cstdint>
#include <optional>
#include <string>

#include "link_folder.hpp"
#include "trafficd/sample.hpp"

namespace trafficd::interface {

struct Link {
  int index = 0;
  std::string name;
  bool keep_open = false;
  LinkFolder folder{};
  bool seen = true;       ///< in the present scan
  bool announced = true;  ///< the device announced a change: speed and state are read again
  std::optional<std::uint64_t> speed{};
  Value up{};
  bool primary = false;
  SeriesPtr series{}, detail{};  ///< empty: to be asked for
  LinkCounters last{};           ///< the highest totals that were seen
  /// Twice the line rate in bytes: no link is faster than that, whatever it says of itself.
  std::uint64_t max_rate() const { return speed.value_or(0) / 4; }
};

}  // namespace trafficd::interface
