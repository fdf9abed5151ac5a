#pragma once
// A tally as text: tables for people, JSON for programs. Pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/replay/tally.hpp"
#include "history/table_style.hpp"
#include "trafficd/calendar.hpp"

namespace trafficd::replay {

/// What an input could not count of HTTP, or not surely: its counter, what that counts, and what is the matter with it.
struct HttpLoss {
  const char *counter, *noun, *trouble;
};
inline constexpr std::array http_losses = {
    HttpLoss{"http_cut_segments", "packet", "captured too short"},
    HttpLoss{"http_evicted_streams", "connection", "too many at once (raise --max-rows)"},
    HttpLoss{"http_gaps", "gap", "in connections"},
    HttpLoss{"http_unparsed_bytes", "byte", "not understood"},
    HttpLoss{"http_unmatched_responses", "answer", "without a request"},
    HttpLoss{"http_uncounted_clients", "client", "too many to be told apart"}};

/// What is known of the reading itself.
struct Reading {
  std::optional<Timestamp> from, to;  ///< the earliest and the latest packet
  std::uint64_t files = 0, damaged_files = 0, skipped_files = 0, bad_times = 0;
  std::uint64_t max_rows = 0;                                    ///< of each table in which was counted
  std::array<std::uint64_t, http_losses.size()> lost_of_http{};  ///< in that order
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
