#pragma once
// How a zone's clock is changed each year from where its table of changes ends, mostly in 2037: the last line of its
// file in the system's time zone data, which the date library does not read.

#include <chrono>
#include <optional>
#include <string_view>

namespace trafficd::detail {

/// Offset from UTC at a moment, and the stretch for which it holds.
struct Offset {
  std::chrono::seconds offset{0};
  std::chrono::sys_seconds begin = std::chrono::sys_seconds::min(), end = std::chrono::sys_seconds::max();
};

struct YearRule {
  /// The week 1 to 5 (the last) of the month, the day of the week from Sunday on, and the time of the day, which may
  /// lie before or after that day.
  struct Change {
    int month = 0, week = 0, weekday = 0;
    std::chrono::seconds time{7200};
  };
  std::chrono::seconds standard{0}, summer{0};  ///< offsets
  Change to_summer, to_standard;

  Offset at(std::chrono::sys_seconds time) const;
};

/// `CET-1CEST,M3.5.0,M10.5.0/3`; nothing for zones whose clock is not changed, and for forms that no zone uses.
std::optional<YearRule> parse_year_rule(std::string_view text);
/// From a zone's file.
std::optional<YearRule> find_year_rule(std::string_view zone);

}  // namespace trafficd::detail
