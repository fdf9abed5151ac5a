#pragma once
// The reading side of the history: what was moved in which stretch of time, for any edges that people count by. It
// sees a consistent state while the service writes on, and needs no right but to read the file. One thread.

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trafficd/series.hpp"
#include "trafficd/status.hpp"

namespace trafficd::history {

struct FieldInfo {
  std::string name;
  Kind kind = Kind::gauge;
  std::string unit;
};

struct MeasurementInfo {
  std::string name;
  std::vector<std::string> identity;
  std::vector<FieldInfo> fields;
};

struct SeriesInfo {
  std::int64_t id = 0;
  std::string instance, measurement;
  Tags identity, attributes;
  Timestamp first_seen, last_seen;
  std::optional<std::string_view> tag(std::string_view key) const;
};

/// One field over a stretch of time.
struct FieldSum {
  bool present = false;
  std::int64_t amount = 0;                                ///< of counters and deltas
  double sum = 0, count = 0, min = 0, max = 0, last = 0;  ///< of gauges
  /// Never outside of min and max, as rounding would have it.
  double mean() const { return count > 0 ? std::max(min, std::min(max, sum / count)) : 0; }
  void add(const FieldSum& other, Kind kind);
};

struct SumRow {
  std::int64_t series = 0;
  std::size_t period = 0;        ///< between edges[period] and edges[period + 1]
  std::int64_t estimated = 0;    ///< seconds that were filled from an increase over a gap
  std::vector<FieldSum> fields;  ///< one per field of the measurement
};

/// A step of a counter that could not be judged and was set aside.
struct DoubtRow {
  std::string id;
  Timestamp time;
  std::int64_t series = 0;
  std::string field, unit;
  std::uint64_t before = 0, after = 0;
  std::uint64_t amount = 0, most = 0;  ///< what it would bring: by one reading, by the other
  std::string reason;
  std::string decision;  ///< empty: open
};

class Reader {
 public:
  /// Fails with what was found and what to do.
  static Result<Reader> open(const std::filesystem::path& file);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  Result<std::vector<MeasurementInfo>> measurements() const;
  /// All series of a measurement, or of all when the name is empty; by instance, then by identity.
  Result<std::vector<SeriesInfo>> series(std::string_view measurement) const;
  /// Sums per series between each two neighbouring edges, which ascend; rows without data are left out; ordered by
  /// period, then by series. `only`: ids of series, all when empty. An edge that stands inside a stored bucket is moved
  /// to the bucket's end: see `grain`.
  Result<std::vector<SumRow>> sums(std::string_view measurement, const std::vector<Timestamp>& edges,
                                   const std::vector<std::int64_t>& only = {}) const;
  /// Width of the finest buckets that are kept for that moment: edges at its multiples are exact.
  Result<Duration> grain(Timestamp time) const;
  /// Steps that were set aside, oldest first.
  Result<std::vector<DoubtRow>> doubts() const;
  /// How many of them had to make room for others.
  Result<std::int64_t> forgotten_doubts() const;

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trafficd::history
