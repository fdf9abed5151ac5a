#pragma once
// What is kept of one series: its total, and up to where its source was counted. One value of the state, so that both
// change in one step.

#include <string>
#include <string_view>
#include <vector>

#include "trafficd/plugin.hpp"

namespace trafficd::total {

struct Record {
  std::uint64_t epoch = 0;            ///< of the total
  Timestamp time;                     ///< of the newest sample in it
  std::vector<std::uint64_t> totals;  ///< one per counter of the source, in field order
  CounterTracker tracker;
  /// When the total began at zero; forgotten once nobody can have missed that: who does not know it later was made
  /// anew, and must not count all of it at once.
  Timestamp begun = never;
  static constexpr Timestamp never{};
};

/// The counters of a measurement alone: what a record is about.
MeasurementPtr counters_of(const Measurement& source);

/// The name of a series in the state. `kept` is one of `counters_of`, without attributes.
std::string key_of(const SeriesPtr& kept);

/// A line of text with the totals, one with the begin where that is kept, then the tracker's bytes.
std::string to_bytes(const Record& record, const SeriesPtr& kept);

/// Reads the record of that key whatever counters it has; `names` are theirs. False when these are not its bytes.
bool from_bytes(std::string_view key, std::string_view bytes, Record& record, std::vector<std::string>& names);

/// Puts the record's counters, which have these names, into the order of `counters`; new ones begin at nothing.
void reorder(Record& record, const std::vector<std::string>& names, const Measurement& counters);

}  // namespace trafficd::total
