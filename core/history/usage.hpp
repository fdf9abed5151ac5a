#pragma once
// The question behind `trafficd report`: which series, which periods, how much. And its answer as a plain table, that
// usage_text renders for people and programs.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "history/reader.hpp"
#include "trafficd/calendar.hpp"

namespace trafficd::history {

struct UsageQuery {
  std::string measurement = "interface";
  /// Tag and glob: all must fit. Without any, and without `all`, the series with the attribute `primary=yes`, if
  /// there is one.
  std::vector<std::pair<std::string, std::string>> match;
  bool all = false;
  Unit unit = Unit::day;
  int start_day = 1;    ///< of months, 1 to 31: see billing_period
  bool lately = false;  ///< what moved in the last minute instead of periods
  std::optional<Timestamp> since, until;
  std::optional<std::size_t> limit;  ///< newest periods that are shown; unset: as many as people look at
};

struct UsageRow {
  Period period;
  std::int64_t estimated = 0;  ///< seconds
  std::vector<FieldSum> fields;
  double seconds() const { return std::chrono::duration<double>(period.to - period.from).count(); }
};

struct SeriesUsage {
  SeriesInfo series;
  std::optional<UsageRow> lately;  ///< the last minute or so; unset when nothing came for some minutes
  std::vector<UsageRow> rows;      ///< periods with data, oldest first
};

struct Usage {
  MeasurementInfo measurement;
  Unit unit = Unit::day;
  int start_day = 1;
  bool lately = false;  ///< asked for nothing else: no series has rows
  std::vector<SeriesUsage> series;
  std::vector<std::string> notes;  ///< where the answer is not quite to the question; one line each
};

/// fatal: the question does not fit, with what is known instead. retry: the history has no answer now.
Status collect_usage(const Reader& reader, const UsageQuery& query, const Zone& zone, Timestamp now, Usage& usage);

}  // namespace trafficd::history
