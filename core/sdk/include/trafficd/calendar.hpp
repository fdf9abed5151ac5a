#pragma once
// Hours, days, months and years as people count them, in any time zone; days of 23 and 25 hours are what they are. UTC
// everywhere else.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "trafficd/status.hpp"

namespace trafficd {

/// A time zone by its IANA name. Cheap to copy. Any thread.
class Zone {
 public:
  /// `Europe/Berlin`, `UTC`; empty or `local`: the zone of this machine. Fails on an unknown name, with the nearest
  /// known one.
  static Result<Zone> find(std::string_view name);
  const std::string& name() const { return name_; }

 private:
  friend struct ZoneAccess;
  Zone() = default;
  std::string name_;
  std::shared_ptr<const void> zone_;
};

enum class Unit : unsigned char { minute, quarter, hour, day, month, year };

/// A stretch of time, [from, to).
struct Period {
  Timestamp from, to;
  friend bool operator==(const Period&, const Period&) = default;
};

/// A local date and time of day.
struct LocalTime {
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0;
};

LocalTime to_local(Timestamp time, const Zone& zone);
/// The first moment that has this local time; the end of the gap when the clock skipped it.
Timestamp from_local(const LocalTime& local, const Zone& zone);

/// The hour, day, month or year around `time`.
Period period_of(Timestamp time, Unit unit, const Zone& zone);
/// The period `count` units later (or earlier): whole local hours, days, months, years.
Period shift(const Period& period, Unit unit, int count, const Zone& zone);
/// The period of a bill around `time`: from midnight of that day (1 to 31) of a month to that of the next. A month that
/// is too short begins its period on its last day; so 31 is the last day of every month.
Period billing_period(Timestamp time, int day, const Zone& zone);
/// All periods that touch [from, to), in order.
std::vector<Period> periods(Timestamp from, Timestamp to, Unit unit, const Zone& zone);

/// `2026-11-21`, `2026-11`, `2026`, `2026-11-21 14:00`, `14:00` (today), `2026-11-21T14:00:30Z`, `@1700000000`, `now`,
/// `today`, `yesterday`, or an age such as `7d` (so long before `now`). Fails with the forms that are understood.
Result<Timestamp> parse_time(std::string_view text, const Zone& zone, Timestamp now);

/// How people name a period of that unit: `14:00`, `2026-11-21`, `2026-11`, `2026`; an hour that the clock repeats
/// carries its offset.
std::string label(const Period& period, Unit unit, const Zone& zone);
/// `2026-11-21T14:00:30Z`
std::string format_utc(Timestamp time);

}  // namespace trafficd
