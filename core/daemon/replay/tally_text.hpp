#pragma once
// A tally as text: tables for people, JSON for programs. Pure functions.

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/replay/tally.hpp"
#include "history/table_style.hpp"
#include "trafficd/calendar.hpp"

namespace trafficd::replay {

/// What is known of the reading itself.
struct Reading {
  std::optional<Timestamp> from, to;  ///< the earliest and the latest packet
  std::uint64_t files = 0, damaged_files = 0, skipped_files = 0, bad_times = 0;
  std::uint64_t max_rows = 0;  ///< of the table in which was counted
};

struct TableChoice {
  bool detail = false;     ///< of devices all rows as they were counted, instead of one line each
  std::size_t limit = 50;  ///< lines of each table; the rest is added up in one. 0: all
};

/// Devices, then whatever else was measured, then the totals of the capture.
std::string to_table(const Tally& tally, const Reading& reading, const Zone& zone, const history::TableStyle& style,
                     const TableChoice& choice);

/// One object: `devices`, `remotes`, `http`, and each measurement that is not known here under its own name, are arrays
/// of flat objects; `protocols` is an object by protocol, then by family; `capture` the totals and how the reading
/// went. Times are in unix seconds: `from` that of the earliest packet, `to` that of the latest.
std::string to_json(const Tally& tally, const Reading& reading);

}  // namespace trafficd::replay
