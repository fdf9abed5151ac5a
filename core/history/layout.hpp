#pragma once
// How the counters of a measurement, as it is declared now, lie among those that the file knows.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "history/schema.hpp"

namespace trafficd::history {

struct Layout {
  struct Item {
    const Field* field;
    int counter;  ///< its place among the shape's counters, -1 when it is none
  };
  MeasurementPtr measurement;
  const Shape* shape = nullptr;
  std::vector<Item> items;    ///< one per field of the measurement
  std::vector<int> counters;  ///< per counter of the measurement, its place among the shape's counters
  bool complete = false;      ///< the measurement has every counter of the shape
};
Layout make_layout(const MeasurementPtr& measurement, const Shape& shape);

/// Totals in the order of the file, eight bytes each, low byte first, so that a row never changes its size and is
/// written in place. `known`: the row as it is, for the counters that the measurement does not have.
void pack(const Layout& layout, const std::vector<std::uint64_t>& totals, std::string_view known, std::string& bytes);
/// In the order of the measurement; what the bytes do not have is `Baseline::unseen`.
std::vector<std::uint64_t> unpack(const Layout& layout, std::string_view bytes);

}  // namespace trafficd::history
