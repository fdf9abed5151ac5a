#include "trafficd/calendar.hpp"

#include <date/tz.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <exception>

#include "trafficd/config_node.hpp"
#include "trafficd/units.hpp"
#include "year_rule.hpp"

namespace trafficd {

using std::chrono::floor;
using std::chrono::seconds;
using Seconds = std::chrono::sys_seconds;

// No zone means UTC, so that whoever lives in UTC never loads the time zone data.
struct ZoneAccess {
  struct Data {
    const date::time_zone* table;
    std::optional<detail::YearRule> rule;  ///< after the table
  };
  static Zone make(std::string name, const date::time_zone* table) {
    Zone made;
    if (table != nullptr) made.zone_ = std::make_shared<const Data>(Data{table, detail::find_year_rule(name)});
    made.name_ = std::move(name);
    return made;
  }
  static const Data* get(const Zone& zone) { return static_cast<const Data*>(zone.zone_.get()); }
};

namespace {

constexpr int first_year = 1970, last_year = 2200;

using detail::Offset;

/// An entry that ends after this is the last of its zone's table.
constexpr Seconds table_end = date::sys_days{date::year{3000} / 1 / 1};

Offset offset_at(Seconds time, const Zone& zone) {
  const ZoneAccess::Data* data = ZoneAccess::get(zone);
  if (data == nullptr) return {};
  const date::sys_info info = data->table->get_info(time);
  if (!data->rule || info.end < table_end) return {info.offset, info.begin, info.end};
  Offset offset = data->rule->at(time);
  offset.begin = std::max(offset.begin, info.begin);
  return offset;
}

/// What a local time means: its first moment, the end of the gap where the clock skipped it.
struct Moment {
  Seconds first;
  bool repeats = false;
};

Moment moment_of(date::local_seconds local, const Zone& zone) {
  const ZoneAccess::Data* data = ZoneAccess::get(zone);
  const Seconds as_utc{local.time_since_epoch()};
  if (data == nullptr) return {as_utc};
  const date::local_info info = data->table->get_info(local);
  if (info.result == date::local_info::nonexistent) return {info.first.end};
  if (!data->rule || info.first.end < table_end)
    return {as_utc - info.first.offset, info.result == date::local_info::ambiguous};
  constexpr std::chrono::hours day{24};
  const Offset before = offset_at(as_utc - day, zone), after = offset_at(as_utc + day, zone);
  if (before.offset == after.offset) return {as_utc - before.offset};
  const bool early = as_utc - before.offset < before.end, late = as_utc - after.offset >= before.end;
  if (!early) return {late ? as_utc - after.offset : before.end};
  return {as_utc - before.offset, late};
}

date::local_seconds local_of(const LocalTime& t) {
  // Counting days and minutes from the first of the month takes any number: the 32nd is the first of the next one.
  const date::local_days month = date::local_days{date::year{t.year} / t.month / 1};
  return month + date::days{t.day - 1} + std::chrono::hours{t.hour} + std::chrono::minutes{t.minute} +
         seconds{t.second};
}

std::string two(int number) {
  return {static_cast<char>('0' + number / 10 % 10), static_cast<char>('0' + number % 10)};
}

std::string offset_text(seconds offset) {
  const int minutes = static_cast<int>(std::abs(offset.count()) / 60);
  return (offset.count() < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60);
}

seconds length(Unit unit) {
  return unit == Unit::minute ? seconds{60} : unit == Unit::quarter ? seconds{900} : seconds{3600};
}

/// Minutes, quarters and hours run along the clock on the wall and are cut where that is put forward or back, so that
/// none counts a moment twice.
Period clock_period(Seconds time, Unit unit, const Zone& zone) {
  const Offset here = offset_at(time, zone);
  const auto local = time.time_since_epoch() + here.offset;
  const auto start = local - ((local % length(unit)) + length(unit)) % length(unit);
  Seconds from{start - here.offset}, to = from + length(unit);
  if (from < here.begin && offset_at(here.begin - seconds{1}, zone).offset != here.offset) from = here.begin;
  if (to > here.end && offset_at(here.end, zone).offset != here.offset) to = here.end;
  return {from, to};
}

LocalTime start_of(LocalTime t, Unit unit, int later) {
  if (unit == Unit::day) return {t.year, t.month, t.day + later};
  if (unit == Unit::year) return {t.year + later, 1, 1};
  const int months = t.year * 12 + t.month - 1 + later;
  return {months / 12, months % 12 + 1, 1};
}

/// A cursor over a text: the pieces of a date are eaten from the front.
struct Cursor {
  std::string_view rest;
  bool eat(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool digits(std::size_t count, int& value) {
    if (rest.size() < count) return false;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + count, value);
    if (error != std::errc{} || end != rest.data() + count || rest.front() == '-') return false;
    rest.remove_prefix(count);
    return true;
  }
};

/// What stands behind the time of day: nothing, Z or an offset. False when it is something else.
bool read_offset(Cursor& c, std::optional<seconds>& offset) {
  if (c.rest.empty()) return true;
  if (c.eat('Z') || c.eat('z')) {
    offset = seconds{0};
    return c.rest.empty();
  }
  const bool minus = c.rest.front() == '-';
  if (!c.eat('+') && !c.eat('-')) return false;
  int hours = 0, minutes = 0;
  if (!c.digits(2, hours)) return false;
  c.eat(':');
  if (!c.rest.empty() && !c.digits(2, minutes)) return false;
  if (hours > 18 || minutes > 59 || !c.rest.empty()) return false;
  offset = (minus ? -1 : 1) * (std::chrono::hours{hours} + std::chrono::minutes{minutes});
  return true;
}

std::optional<Timestamp> parse_date(std::string_view text, const Zone& zone) {
  Cursor c{text};
  LocalTime t;
  std::optional<seconds> offset;
  if (!c.digits(4, t.year) || t.year < first_year || t.year > last_year) return {};
  if (c.eat('-') && !c.digits(2, t.month)) return {};
  if (text.size() > 7 && (!c.eat('-') || !c.digits(2, t.day))) return {};
  if (!(date::year{t.year} / t.month / t.day).ok() || text.size() == 5) return {};
  if (!c.rest.empty()) {
    if (!c.eat('T') && !c.eat(' ')) return {};
    if (!c.digits(2, t.hour) || !c.eat(':') || !c.digits(2, t.minute)) return {};
    if (c.eat(':') && !c.digits(2, t.second)) return {};
    if (t.hour > 23 || t.minute > 59 || t.second > 59 || !read_offset(c, offset)) return {};
  }
  if (offset) return Timestamp{local_of(t).time_since_epoch() - *offset};
  return from_local(t, zone);
}

std::string machine_zone() {
  if (const char* given = std::getenv("TZ"); given != nullptr && *given != '\0') return given + (*given == ':' ? 1 : 0);
  return {};
}

Error no_zone_data(const std::exception& e) {
  return {concat("could not read the time zones of this system: ", e.what(), "; install the package tzdata")};
}

Error unknown_zone(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
  std::string near = nearest(name, names);
  if (near.empty())  // a city alone is a common slip
    for (const std::string& full : names)
      if (full.ends_with(concat('/', name))) near = full;
  if (near.empty()) return {concat("unknown time zone '", name, "'; names look like 'Europe/Berlin' or 'UTC'")};
  return {concat("unknown time zone '", name, "'; did you mean '", near, "'?")};
}

}  // namespace

Result<Zone> Zone::find(std::string_view name) {
  const bool local = name.empty() || name == "local";
  const std::string wanted = local ? machine_zone() : std::string(name);
  if (wanted == "UTC" || wanted == "Etc/UTC" || wanted == "GMT") return ZoneAccess::make("UTC", nullptr);
  try {
    if (!wanted.empty()) {
      const auto& zones = date::get_tzdb().zones;
      const auto found = std::find_if(zones.begin(), zones.end(), [&](const auto& z) { return z.name() == wanted; });
      if (found != zones.end()) return ZoneAccess::make(wanted, &*found);
      if (!local) return unknown_zone(wanted);
    }
    const date::time_zone* here = date::current_zone();
    if (here->name() == "Etc/UTC" || here->name() == "UTC") return ZoneAccess::make("UTC", nullptr);
    return ZoneAccess::make(here->name(), here);
  } catch (const std::exception& e) {
    // A machine that does not say where it stands counts in UTC, as its C library does.
    if (local) return ZoneAccess::make("UTC", nullptr);
    return no_zone_data(e);
  }
}

LocalTime to_local(Timestamp time, const Zone& zone) {
  const Seconds moment = floor<seconds>(time);
  const date::local_seconds local{moment.time_since_epoch() + offset_at(moment, zone).offset};
  const auto day = date::floor<date::days>(local);
  const date::year_month_day date{day};
  const date::hh_mm_ss<seconds> clock{local - day};
  return {int{date.year()},
          static_cast<int>(unsigned{date.month()}),
          static_cast<int>(unsigned{date.day()}),
          static_cast<int>(clock.hours().count()),
          static_cast<int>(clock.minutes().count()),
          static_cast<int>(clock.seconds().count())};
}

Timestamp from_local(const LocalTime& time, const Zone& zone) { return moment_of(local_of(time), zone).first; }

Period period_of(Timestamp time, Unit unit, const Zone& zone) {
  if (unit <= Unit::hour) return clock_period(floor<seconds>(time), unit, zone);
  const LocalTime local = to_local(time, zone);
  int later = 0;
  Period period{from_local(start_of(local, unit, 0), zone), from_local(start_of(local, unit, 1), zone)};
  // A clock that goes back over midnight shows yesterday's date once more; the new day has begun all the same.
  while (period.to <= time) {
    ++later;
    period = {period.to, from_local(start_of(local, unit, later + 1), zone)};
  }
  return period;
}

Period shift(const Period& period, Unit unit, int count, const Zone& zone) {
  Period shifted = period_of(period.from, unit, zone);
  for (; count > 0; --count) shifted = period_of(shifted.to, unit, zone);
  for (; count < 0; ++count) shifted = period_of(shifted.from - Duration{1}, unit, zone);
  return shifted;
}

Period billing_period(Timestamp time, int day, const Zone& zone) {
  const LocalTime local = to_local(time, zone);
  const auto start = [&](int later) {
    const LocalTime month = start_of(local, Unit::month, later);
    const date::year_month_day last{date::year{month.year} / month.month / date::last};
    return from_local({month.year, month.month, std::min(day, static_cast<int>(unsigned{last.day()}))}, zone);
  };
  int later = time < start(0) ? -1 : 0;
  // A clock that goes back over midnight shows the last month's date once more.
  while (start(later + 1) <= time) ++later;
  return {start(later), start(later + 1)};
}

std::vector<Period> periods(Timestamp from, Timestamp to, Unit unit, const Zone& zone) {
  std::vector<Period> all;
  if (from >= to) return all;
  for (Period p = period_of(from, unit, zone); p.from < to; p = period_of(p.to, unit, zone)) all.push_back(p);
  return all;
}

Result<Timestamp> parse_time(std::string_view text, const Zone& zone, Timestamp now) {
  if (text == "now") return now;
  const Period today = period_of(now, Unit::day, zone);
  if (text == "today") return today.from;
  if (text == "yesterday") return shift(today, Unit::day, -1, zone).from;
  const Timestamp last = from_local({last_year + 1}, zone);
  if (text.starts_with('@')) {
    std::int64_t stamp = -1;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), stamp);
    if (error == std::errc{} && end == text.data() + text.size() && stamp >= 0 &&
        stamp < floor<seconds>(last).time_since_epoch().count())
      return Timestamp{seconds{stamp}};
  } else if (const auto moment = parse_date(text, zone)) {
    return *moment;
  } else if (const auto clock = parse_date(concat(label(today, Unit::day, zone), ' ', text), zone)) {
    return *clock;
  } else if (const auto age = parse_duration(text); age && *age <= now.time_since_epoch() && *age >= Duration{0}) {
    return now - *age;
  }
  return Error{
      concat("cannot read the time '", text,
             "'; write 2026-11-21, 2026-11, 2026, '2026-11-21 14:00', 14:00, 2026-11-21T14:00:30Z, @1700000000, now, "
             "today, yesterday, or an age such as 7d")};
}

std::string label(const Period& period, Unit unit, const Zone& zone) {
  const LocalTime t = to_local(period.from, zone);
  const std::string year = two(t.year / 100) + two(t.year % 100);
  if (unit == Unit::year) return year;
  if (unit == Unit::month) return year + "-" + two(t.month);
  if (unit == Unit::day) return year + "-" + two(t.month) + "-" + two(t.day);
  const std::string clock = two(t.hour) + ":" + two(t.minute);
  return moment_of(local_of(t), zone).repeats ? clock + offset_text(offset_at(floor<seconds>(period.from), zone).offset)
                                              : clock;
}

std::string format_utc(Timestamp time) {
  const LocalTime t = to_local(time, ZoneAccess::make("UTC", nullptr));
  return two(t.year / 100) + two(t.year % 100) + "-" + two(t.month) + "-" + two(t.day) + "T" + two(t.hour) + ":" +
         two(t.minute) + ":" + two(t.second) + "Z";
}

}  // namespace trafficd
