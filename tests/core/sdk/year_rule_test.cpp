#include "sdk/src/year_rule.hpp"

#include "catch.hpp"

namespace trafficd::detail {

using namespace std::chrono;

TEST_CASE("the rule of a year is read in the forms that zones use") {
  const auto berlin = parse_year_rule("CET-1CEST,M3.5.0,M10.5.0/3");
  REQUIRE(berlin);
  CHECK(berlin->standard == hours(1));
  CHECK(berlin->summer == hours(2));
  CHECK(berlin->to_summer.month == 3);
  CHECK(berlin->to_summer.time == hours(2));
  CHECK(berlin->to_standard.time == hours(3));
  const auto howe = parse_year_rule("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
  REQUIRE(howe);
  CHECK(howe->standard == hours(10) + minutes(30));
  CHECK(howe->summer == hours(11));
  const auto nuuk = parse_year_rule("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
  REQUIRE(nuuk);
  CHECK(nuuk->standard == hours(-2));
  CHECK(nuuk->to_summer.time == hours(-1));
  const auto dublin = parse_year_rule("IST-1GMT0,M10.5.0,M3.5.0/1");
  REQUIRE(dublin);
  CHECK(dublin->summer == hours(0));
  CHECK(parse_year_rule("EET-2EEST,M3.4.4/50,M10.4.4/50")->to_summer.time == hours(50));
}

TEST_CASE("a zone whose clock is not changed has no rule, and neither has a damaged line") {
  for (const char* line :
       {"", "JST-9", "<+01>-1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J60,J300", "CET-1CEST,M3.5.0,M10.5.0x",
        ",M3.5.0,M10.5.0", "<+01-1", "x", "CET-1CEST,M-3.5.0,M10.5.0"}) {
    INFO(line);
    CHECK_FALSE(parse_year_rule(line));
  }
  CHECK_FALSE(find_year_rule("No/Such"));
  CHECK_FALSE(find_year_rule("zone.tab"));
  CHECK_FALSE(find_year_rule(".."));
}

TEST_CASE("an offset holds from one change to the next, on both halves of the globe") {
  const YearRule adelaide = *parse_year_rule("ACST-9:30ACDT,M10.1.0,M4.1.0/3");
  const Offset summer = adelaide.at(sys_days{2050y / 1 / 15});
  CHECK(summer.offset == hours(10) + minutes(30));
  CHECK(summer.begin == sys_days{2049y / 10 / 2} + hours(16) + minutes(30));
  CHECK(summer.end == sys_days{2050y / 4 / 2} + hours(16) + minutes(30));
  CHECK(adelaide.at(summer.end).offset == hours(9) + minutes(30));
  CHECK(adelaide.at(summer.end - seconds(1)).offset == hours(10) + minutes(30));
}

}  // namespace trafficd::detail
