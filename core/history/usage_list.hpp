#pragma once
// What a history holds, for `trafficd report --list`: its measurements, and from when to when. And the texts of that.

#include <string>
#include <vector>

#include "history/usage_text.hpp"

namespace trafficd::history {

struct MeasurementList {
  struct Entry {
    std::string measurement;
    std::int64_t series = 0;
    Timestamp first_seen, last_seen;
  };
  std::vector<Entry> entries;
};

Result<MeasurementList> list_measurements(const Reader& reader);

std::string to_table(const MeasurementList& list, const Zone& zone, const TableStyle& style);
/// One array of flat objects, times in unix seconds.
std::string to_json(const MeasurementList& list);
std::string to_csv(const MeasurementList& list);

}  // namespace trafficd::history
