#include "trafficd/calendar.hpp"

#include <cstdlib>
#include <random>

#include "catch.hpp"

namespace trafficd {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Zone zone(const char* name) {
  auto found = Zone::find(name);
  REQUIRE(found.has_value());
  return *found;
}

Timestamp utc(const char* text) {
  const auto time = parse_time(text, *Zone::find("UTC"), Timestamp{});
  REQUIRE(time.has_value());
  return *time;
}

std::string span(const Period& p) { return format_utc(p.from) + " " + format_utc(p.to); }

}  // namespace

TEST_CASE("zones are found by name, and a slip is answered with the nearest") {
  CHECK(zone("Europe/Berlin").name() == "Europe/Berlin");
  CHECK(zone("UTC").name() == "UTC");
  const auto slip = Zone::find("Europe/Berlln");
  REQUIRE(!slip);
  CHECK(slip.error().find("did you mean 'Europe/Berlin'?") != std::string::npos);
  const auto city = Zone::find("Kathmandu");
  REQUIRE(!city);
  CHECK(city.error().find("'Asia/Kathmandu'") != std::string::npos);
  CHECK(!Zone::find("../../etc/passwd"));
}

TEST_CASE("the local zone follows TZ") {
  const char* before = std::getenv("TZ");
  const std::string saved = before == nullptr ? "" : before;
  ::setenv("TZ", ":Asia/Kolkata", 1);
  CHECK(zone("").name() == "Asia/Kolkata");
  CHECK(zone("local").name() == "Asia/Kolkata");
  before == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", saved.c_str(), 1);
}

TEST_CASE("days of 23 and 25 hours are what they are") {
  const Zone berlin = zone("Europe/Berlin");
  const Period spring = period_of(utc("2026-03-29T12:00Z"), Unit::day, berlin);
  CHECK(span(spring) == "2026-03-28T23:00:00Z 2026-03-29T22:00:00Z");
  CHECK(spring.to - spring.from == hours(23));
  const Period autumn = period_of(utc("2026-10-25T00:30Z"), Unit::day, berlin);
  CHECK(autumn.to - autumn.from == hours(25));
}

TEST_CASE("offsets of 30 and 45 minutes shift days and months") {
  CHECK(span(period_of(utc("2026-11-21T00:00Z"), Unit::day, zone("Asia/Kathmandu"))) ==
        "2026-11-20T18:15:00Z 2026-11-21T18:15:00Z");
  CHECK(span(period_of(utc("2026-11-30T18:31Z"), Unit::month, zone("Asia/Kolkata"))) ==
        "2026-11-30T18:30:00Z 2026-12-31T18:30:00Z");
  CHECK(span(period_of(utc("2026-11-21T00:20Z"), Unit::hour, zone("Asia/Kathmandu"))) ==
        "2026-11-21T00:15:00Z 2026-11-21T01:15:00Z");
}

TEST_CASE("a skipped local time means the end of the gap, a repeated one its first") {
  const Zone berlin = zone("Europe/Berlin");
  CHECK(format_utc(from_local({2026, 3, 29, 2, 30}, berlin)) == "2026-03-29T01:00:00Z");
  CHECK(format_utc(from_local({2026, 10, 25, 2, 30}, berlin)) == "2026-10-25T00:30:00Z");
  CHECK(format_utc(from_local({2026, 1, 32}, zone("UTC"))) == "2026-02-01T00:00:00Z");
}

TEST_CASE("a midnight that does not exist begins the day behind the gap") {
  // Beirut puts its clock forward at midnight.
  const Period day = period_of(utc("2026-03-29T12:00Z"), Unit::day, zone("Asia/Beirut"));
  CHECK(span(day) == "2026-03-28T22:00:00Z 2026-03-29T21:00:00Z");
}

TEST_CASE("a clock that goes back over midnight does not bring yesterday back") {
  // St. John's went from 00:01 back to 23:01 of the day before.
  const Zone johns = zone("America/St_Johns");
  const Timestamp after = utc("2010-11-07T02:45Z");
  REQUIRE(to_local(after, johns).day == 6);
  const Period day = period_of(after, Unit::day, johns);
  CHECK(day.from <= after);
  CHECK(after < day.to);
}

TEST_CASE("a bill's period begins on its day, on the last one of a month that is too short") {
  const Zone berlin = zone("Europe/Berlin");
  const auto around = [&](const char* time, int day) { return span(billing_period(utc(time), day, berlin)); };
  CHECK(around("2026-03-15T12:00Z", 1) == "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
  CHECK(around("2026-03-14T22:59Z", 15) == "2026-02-14T23:00:00Z 2026-03-14T23:00:00Z");
  CHECK(around("2026-03-14T23:00Z", 15) == "2026-03-14T23:00:00Z 2026-04-14T22:00:00Z");
  CHECK(around("2026-02-10T12:00Z", 30) == "2026-01-29T23:00:00Z 2026-02-27T23:00:00Z");
  CHECK(around("2028-03-01T12:00Z", 31) == "2028-02-28T23:00:00Z 2028-03-30T22:00:00Z");
  CHECK(around("2026-01-01T00:00Z", 31) == "2025-12-30T23:00:00Z 2026-01-30T23:00:00Z");
}

TEST_CASE("a clock that goes back over midnight does not bring last month's bill back") {
  const Zone johns = zone("America/St_Johns");
  const Timestamp after = utc("2009-11-01T02:45Z");
  REQUIRE(to_local(after, johns).month == 10);
  CHECK(span(billing_period(after, 1, johns)) == "2009-11-01T02:30:00Z 2009-12-01T03:30:00Z");
}

TEST_CASE("clocks are changed after 2037 too, where the table of a zone ends") {
  const Zone berlin = zone("Europe/Berlin"), howe = zone("Australia/Lord_Howe");
  CHECK(format_utc(from_local({2050, 7, 1}, berlin)) == "2050-06-30T22:00:00Z");
  CHECK(format_utc(from_local({2050, 12, 1}, berlin)) == "2050-11-30T23:00:00Z");
  CHECK(format_utc(from_local({2050, 3, 27, 2, 30}, berlin)) == "2050-03-27T01:00:00Z");
  CHECK(format_utc(from_local({2050, 10, 30, 2, 30}, berlin)) == "2050-10-30T00:30:00Z");
  CHECK(label(period_of(utc("2050-10-30T00:30Z"), Unit::hour, berlin), Unit::hour, berlin) == "02:00+02:00");
  CHECK(label(period_of(utc("2050-10-30T01:30Z"), Unit::hour, berlin), Unit::hour, berlin) == "02:00+01:00");
  CHECK(period_of(utc("2060-04-04T00:00Z"), Unit::day, howe).from < utc("2060-04-04T00:00Z"));
  CHECK(to_local(utc("2060-01-01T00:00Z"), howe).hour == 11);
}

TEST_CASE("a day that a country left out is no period") {
  const Zone apia = zone("Pacific/Apia");
  const auto days = periods(utc("2011-12-29T12:00Z"), utc("2012-01-01T00:00Z"), Unit::day, apia);
  std::vector<std::string> names;
  for (const Period& day : days) names.push_back(label(day, Unit::day, apia));
  CHECK(names == std::vector<std::string>{"2011-12-29", "2011-12-31", "2012-01-01"});
  CHECK(label(shift(days[1], Unit::day, -1, apia), Unit::day, apia) == "2011-12-29");
}

TEST_CASE("hours that the clock repeats are two, and say which is which") {
  const Zone berlin = zone("Europe/Berlin");
  const auto all = periods(utc("2026-10-24T23:00Z"), utc("2026-10-25T03:00Z"), Unit::hour, berlin);
  std::vector<std::string> names;
  for (const Period& hour : all) names.push_back(label(hour, Unit::hour, berlin));
  CHECK(names == std::vector<std::string>{"01:00", "02:00+02:00", "02:00+01:00", "03:00"});
}

TEST_CASE("a half-hour change of the clock cuts hours and leaves no seam") {
  const Zone howe = zone("Australia/Lord_Howe");
  const auto all = periods(utc("2026-04-04T12:00Z"), utc("2026-04-04T18:00Z"), Unit::hour, howe);
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i].from == all[i - 1].to);
  CHECK(all.front().from <= utc("2026-04-04T12:00Z"));
  CHECK(all.back().to >= utc("2026-04-04T18:00Z"));
}

TEST_CASE("periods tile time without a gap in any zone") {
  const char* name = GENERATE("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe",
                              "Pacific/Apia", "Africa/Casablanca", "America/Havana", "Pacific/Chatham");
  const Unit unit = GENERATE(Unit::hour, Unit::day, Unit::month, Unit::year);
  const Zone here = zone(name);
  std::mt19937_64 random(42);
  for (int i = 0; i < 200; ++i) {
    const Timestamp time{seconds(std::uniform_int_distribution<std::int64_t>(0, 2'500'000'000)(random))};
    const Period period = period_of(time, unit, here);
    INFO(name << " " << format_utc(time) << " " << span(period));
    CHECK(period.from <= time);
    CHECK(time < period.to);
    CHECK(period_of(period.from, unit, here) == period);
    CHECK(period_of(period.to, unit, here).from == period.to);
    CHECK(period_of(period.from - Duration{1}, unit, here).to == period.from);
    CHECK(shift(shift(period, unit, 3, here), unit, -3, here) == period);
    // A report in quarters of an hour is exact only if every edge stands on one.
    if (time > utc("1990-01-01")) CHECK(period.from.time_since_epoch() % minutes(15) == Duration{0});
  }
}

TEST_CASE("times are read in all their forms") {
  const Zone berlin = zone("Europe/Berlin");
  const Timestamp now = utc("2026-11-21T14:00:30Z");
  const auto read = [&](const char* text) {
    const auto time = parse_time(text, berlin, now);
    return time ? format_utc(*time) : "error";
  };
  CHECK(read("now") == "2026-11-21T14:00:30Z");
  CHECK(read("today") == "2026-11-20T23:00:00Z");
  CHECK(read("yesterday") == "2026-11-19T23:00:00Z");
  CHECK(read("2026") == "2025-12-31T23:00:00Z");
  CHECK(read("2026-07") == "2026-06-30T22:00:00Z");
  CHECK(read("2026-07-04") == "2026-07-03T22:00:00Z");
  CHECK(read("2026-07-04 14:00") == "2026-07-04T12:00:00Z");
  CHECK(read("2026-07-04T14:00:30Z") == "2026-07-04T14:00:30Z");
  CHECK(read("2026-07-04T14:00:30+05:45") == "2026-07-04T08:15:30Z");
  CHECK(read("14:00") == "2026-11-21T13:00:00Z");
  CHECK(read("00:30:15") == "2026-11-20T23:30:15Z");
  CHECK(read("@1700000000") == "2023-11-14T22:13:20Z");
  CHECK(read("7d") == "2026-11-14T14:00:30Z");
}

TEST_CASE("what is no time is refused with the forms that are") {
  const Zone utc_zone = zone("UTC");
  const char* text = GENERATE("", "soon", "2026-13", "2026-02-30", "2026-1-1", "20261121", "2026-11-21 25:00",
                              "2026-11-21T14", "2026-11-21T14:00:30+99:00", "@-5", "@99999999999999", "@1x",
                              "9999-01-01", "1969", "-7d", "24:00", "1:00", "2026-11-21 14:00 ", "2026-11-2\x01");
  const auto time = parse_time(text, utc_zone, utc("2026-11-21"));
  INFO(text);
  REQUIRE(!time);
  CHECK(time.error().find("2026-11-21T14:00:30Z") != std::string::npos);
}

TEST_CASE("labels name periods as people do") {
  const Zone here = zone("Asia/Tokyo");
  const Timestamp time = utc("2026-11-21T14:05:00Z");
  CHECK(label(period_of(time, Unit::year, here), Unit::year, here) == "2026");
  CHECK(label(period_of(time, Unit::month, here), Unit::month, here) == "2026-11");
  CHECK(label(period_of(time, Unit::day, here), Unit::day, here) == "2026-11-21");
  CHECK(label(period_of(time, Unit::hour, here), Unit::hour, here) == "23:00");
  CHECK(label(period_of(time, Unit::minute, here), Unit::minute, here) == "23:05");
}

}  // namespace trafficd
