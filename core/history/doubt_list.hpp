#pragma once
// The question behind `trafficd report --doubtful`: which steps of counters were set aside. And its answer as text.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "history/reader.hpp"
#include "history/usage_text.hpp"

namespace trafficd::history {

struct DoubtQuery {
  std::optional<std::string> measurement;                  ///< unset: all
  std::vector<std::pair<std::string, std::string>> match;  ///< tag and glob: all must fit
  std::optional<Timestamp> since, until;
  std::optional<std::size_t> limit;  ///< the newest
};

struct DoubtList {
  struct Entry {
    DoubtRow doubt;
    SeriesInfo series;
  };
  std::vector<Entry> entries;  ///< oldest first
  std::int64_t forgotten = 0;  ///< how many had to make room
};

/// retry: the history has no answer now.
Status collect_doubts(const Reader& reader, const DoubtQuery& query, DoubtList& list);

std::string to_table(const DoubtList& list, const Zone& zone, const TableStyle& style);
/// One array of flat objects, time in unix seconds; tags under their own names.
std::string to_json(const DoubtList& list);
/// A header and one line per step; the tags of a series are one cell.
std::string to_csv(const DoubtList& list);

}  // namespace trafficd::history
