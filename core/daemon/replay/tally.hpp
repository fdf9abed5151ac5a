#pragma once
// What a recording adds up to: of each series all that its samples bring, whichever lives its counters had.

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "trafficd/counter.hpp"
#include "trafficd/sample.hpp"

namespace trafficd::replay {

/// One thread.
class Tally {
 public:
  struct Row {
    SeriesPtr series;           ///< with the attributes that it had last
    std::vector<Value> values;  ///< in field order: of counters and deltas the sum, of gauges the last; absent as long
                                ///< as none was said
  };

  /// Keeps so many series; samples of more are without room.
  explicit Tally(std::size_t most_series) : known_(most_series) {}

  /// Passes over samples that nobody could use: without a series, or with other fields than declared.
  void add(const Batch& batch);

  /// The measurements that came, by name.
  std::vector<MeasurementPtr> measurements() const;
  /// The rows of a measurement, the largest first, and last what found no room of its own.
  std::vector<const Row*> rows(std::string_view measurement) const;
  /// What a row is compared by: the bytes received and sent where both are counted, else its first counter.
  static double weight(const Row& row);

  std::uint64_t without_room() const { return without_room_; }
  std::uint64_t unusable() const { return unusable_; }

 private:
  struct Entry {
    CounterTracker tracker;
    Row* row = nullptr;
  };
  void add_one(const Sample& sample);

  SeriesMap<Entry> known_;
  std::deque<Row> rows_;  // which stay where they are
  Increase increase_;
  std::uint64_t without_room_ = 0, unusable_ = 0;
};

/// The value as a number; nothing of a field that the measurement has not, or that is absent.
double number_of(const Tally::Row& row, std::string_view field);

}  // namespace trafficd::replay
