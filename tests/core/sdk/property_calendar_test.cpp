// Days and billing periods over a hundred years in twenty zones, against the C library's clock and a table of months.
#include <ctime>
#include <tuple>

#include "../property.hpp"
#include "trafficd/calendar.hpp"

namespace trafficd {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Date = std::tuple<int, int, int>;

constexpr int first_year = 1990, years = 100;

const std::vector<const char*> zones = {
    "UTC",          "Europe/Berlin",       "Europe/London",      "Europe/Dublin", "America/New_York",
    "America/Nuuk", "America/St_Johns",    "America/Sao_Paulo",  "Asia/Kolkata",  "America/Havana",
    "Asia/Tehran",  "Asia/Kathmandu",      "Asia/Beirut",        "Asia/Gaza",     "America/Santiago",
    "Pacific/Apia", "Australia/Lord_Howe", "Australia/Adelaide", "Asia/Tokyo",    "Africa/Casablanca"};

/// The C library's idea of a zone, which is the whole process's for the time of a test.
struct CLibraryZone {
  explicit CLibraryZone(const char* name) {
    ::setenv("TZ", (std::string(":") + name).c_str(), 1);
    ::tzset();
  }
  ~CLibraryZone() {
    before ? ::setenv("TZ", before->c_str(), 1) : ::unsetenv("TZ");
    ::tzset();
  }
  static Date date(Timestamp time) {
    const std::time_t moment = std::chrono::floor<seconds>(time).time_since_epoch().count();
    std::tm local{};
    ::localtime_r(&moment, &local);
    return {local.tm_year + 1900, local.tm_mon + 1, local.tm_mday};
  }
  std::optional<std::string> before =
      std::getenv("TZ") == nullptr ? std::nullopt : std::optional<std::string>(std::getenv("TZ"));
};

int days_in(int year, int month) {
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

/// Whether the date begins at that moment. A date that its country left out begins with the next one.
bool begins(Timestamp moment, const Date& date) {
  return CLibraryZone::date(moment) >= date && CLibraryZone::date(moment - seconds(1)) < date;
}

std::string span(const Period& period) { return format_utc(period.from) + " to " + format_utc(period.to); }

}  // namespace

TEST_CASE("property: billing periods over a hundred years, in any zone, from any day of the month") {
  testing::Random random(testing::seed());
  for (const char* name : zones) {
    const CLibraryZone clock(name);
    const Zone zone = *Zone::find(name);
    for (const int day : {1, 14, 28, 29, 30, 31}) {
      Period period = billing_period(from_local({first_year, 1, day}, zone), day, zone);
      for (int month = 0; month < 12 * years; ++month) {
        const int year = first_year + month / 12, of_year = month % 12 + 1;
        INFO(name << ", day " << day << ": " << span(period));
        const bool good =
            begins(period.from, {year, of_year, std::min(day, days_in(year, of_year))}) && period.from < period.to;
        if (!good) FAIL("does not begin at the midnight of " << year << "-" << of_year);
        const auto length = static_cast<std::uint64_t>((period.to - period.from).count());
        for (const std::uint64_t inside : {std::uint64_t{0}, testing::between(random, 0, length - 1), length - 1})
          if (!(billing_period(period.from + Duration{static_cast<std::int64_t>(inside)}, day, zone) == period))
            FAIL("is not the period of a moment in it, " << inside << " ns after its begin");
        const Period next = billing_period(period.to, day, zone);
        if (next.from != period.to) FAIL("there is a seam behind it: the next is " << span(next));
        period = next;
      }
    }
  }
  SUCCEED();
}

TEST_CASE("property: days over a hundred years are what the clocks of their zone say") {
  for (const char* name : zones) {
    const CLibraryZone clock(name);
    const Zone zone = *Zone::find(name);
    Period day = period_of(from_local({first_year, 1, 1}, zone), Unit::day, zone);
    Date date{first_year, 1, 1};
    for (const Timestamp end = from_local({first_year + years, 1, 1}, zone); day.from < end;) {
      INFO(name << ": " << span(day));
      if (!begins(day.from, date)) FAIL("does not begin at midnight");
      const Period next = period_of(day.to, Unit::day, zone);
      if (next.from != day.to) FAIL("there is a seam behind it: the next is " << span(next));
      date = CLibraryZone::date(day.to);
      if (!(date > CLibraryZone::date(day.from))) FAIL("the date does not go on behind it");
      day = next;
    }
  }
  SUCCEED();
}

TEST_CASE("property: each year has a day of 23 and one of 25 hours where the clocks are changed") {
  const char* name = GENERATE("Europe/Berlin", "America/New_York", "America/Havana", "Australia/Adelaide");
  const Zone zone = *Zone::find(name);
  for (int year = 2010; year < first_year + years; ++year) {
    int shorter = 0, longer = 0;
    for (const Period& day : periods(from_local({year}, zone), from_local({year + 1}, zone), Unit::day, zone)) {
      shorter += day.to - day.from == hours(23) ? 1 : 0;
      longer += day.to - day.from == hours(25) ? 1 : 0;
    }
    if (shorter != 1 || longer != 1)
      FAIL(name << " has " << shorter << " short and " << longer << " long days in " << year);
  }
  SUCCEED();
}

}  // namespace trafficd
