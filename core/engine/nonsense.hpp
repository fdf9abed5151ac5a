#pragma once
// What a plugin can give although it means nothing. It is found where it comes in: behind it nobody looks again.

#include <algorithm>
#include <string>

#include "trafficd/sample.hpp"

namespace trafficd {

/// Why nobody could name what such a measurement measures; empty when all is well.
std::string shape_fault(const Measurement* measurement);

/// Nothing can be wrong with it. Fast: it is asked of every sample.
inline bool is_plain(const Sample& sample) {
  return sample.series && sample.values.size() == sample.series->measurement().fields().size() &&
         std::ranges::all_of(sample.values, &Value::is_unsigned);
}

/// Why a sample cannot be used: without a series, with other fields than declared, with less than nothing in a counter
/// or a delta; empty when all is well.
std::string sample_fault(const Sample& sample);

/// Leaves away the values that are no numbers (NaN, infinite): how many those were.
std::size_t clear_non_numbers(Sample& sample);

}  // namespace trafficd
