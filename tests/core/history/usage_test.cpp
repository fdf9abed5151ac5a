#include "history/usage_text.hpp"

#include "history_fixture.hpp"

namespace trafficd::history {

namespace {

struct UsageFixture : HistoryFixture {
  const Zone utc = *Zone::find("UTC");
  UsageQuery query;
  Timestamp now = at(3 * 86'400);

  /// 100 bytes a minute received and 50 sent on one interface, much on the other, for three days from 22:15 on.
  void fill() {
    const SeriesPtr eth0 = interface("eth0", {{"primary", "yes"}}), wlan0 = interface("wlan0");
    for (int i = 0; i <= 3 * 24; ++i) {
      const auto n = static_cast<std::uint64_t>(i) * 60;
      write({sample(eth0, i * 3'600, 1, n * 100, n * 50, false, 1'000), sample(wlan0, i * 3'600, 2, n * 1'000'000, 0)},
            at(i * 3'600));
    }
  }
  Usage ask() {
    Usage usage;
    const Status status = collect_usage(reader(), query, utc, now, usage);
    INFO(status.message());
    REQUIRE(status.is_ok());
    return usage;
  }
  Status refuse() {
    Usage usage;
    return collect_usage(reader(), query, utc, now, usage);
  }
};

Timestamp date_in_2024(int month, int day) { return std::chrono::sys_days{std::chrono::year{2024} / month / day}; }

}  // namespace

TEST_CASE_METHOD(UsageFixture, "by default the primary interface, day by day") {
  fill();
  const Usage usage = ask();
  REQUIRE(usage.series.size() == 1);
  CHECK(usage.series[0].series.tag("interface") == "eth0");
  REQUIRE(usage.series[0].rows.size() == 4);
  std::int64_t received = 0;
  for (const UsageRow& row : usage.series[0].rows) received += row.fields[0].amount;
  CHECK(received == 3 * 1'440 * 100);
  CHECK(usage.series[0].rows[1].fields[0].amount == 1'440 * 100);
  CHECK(usage.series[0].rows[1].estimated == 86'400);
}

TEST_CASE_METHOD(UsageFixture, "what passed while the service was down is counted, and marked where it is shown") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 5'000, 0));
  write(sample(eth0, 60, 1, 5'100, 0));
  if (GENERATE(false, true)) kill();
  reopen();
  const int down = GENERATE(300, 301, 7'200);
  write(sample(eth0, 60 + down, 1, 8'100, 0));
  query.unit = Unit::hour;
  query.since = at(-900);
  query.until = at(3 * 3'600);
  const Usage usage = ask();
  std::int64_t received = 0, estimated = 0;
  for (const UsageRow& row : usage.series.at(0).rows) {
    received += row.fields[0].amount;
    estimated += row.estimated;
  }
  CHECK(received == 3'100);
  CHECK(estimated == (down > 300 ? down : 0));
  const bool marked = down > 300;
  CHECK((to_table(usage, utc, {}).find("~ partly estimated") != std::string::npos) == marked);
  CHECK((to_json(usage).find("\"estimated\":0") == std::string::npos) == marked);
}

TEST_CASE_METHOD(UsageFixture, "nothing of a new life is booked into the month before it began") {
  const SeriesPtr eth0 = interface("eth0");
  const double power_off = 16 * 86'400 + 3'600;  // 2023-11-30T23:15:00Z
  write(sample(eth0, power_off - 10, 1, 5'000, 0));
  write(sample(eth0, power_off, 1, 5'100, 0));
  query.unit = Unit::month;
  now = at(20 * 86'400);
  SECTION("the machine was off over the edge") {
    write(sample(eth0, power_off + 86'400, 2, 700, 0));
    const auto rows = ask().series.at(0).rows;
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].fields[0].amount == 100);
    CHECK(rows[0].estimated == 0);
    CHECK(rows[1].fields[0].amount == 700);
    CHECK(rows[1].estimated > 0);
  }
  SECTION("a short pause is not marked") {
    write(sample(eth0, power_off + 60, 2, 700, 0));
    const auto rows = ask().series.at(0).rows;
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].fields[0].amount == 800);
    CHECK(rows[0].estimated == 0);
  }
}

TEST_CASE_METHOD(UsageFixture, "units, limits and edges choose the periods") {
  fill();
  SECTION("hours") {
    query.unit = Unit::hour;
    CHECK(ask().series[0].rows.size() == 24);
    query.limit = 5;
    CHECK(ask().series[0].rows.size() == 5);
  }
  SECTION("months and years") {
    query.unit = Unit::month;
    CHECK(ask().series[0].rows.size() == 1);
    query.unit = Unit::year;
    CHECK(ask().series[0].rows.front().fields[1].amount == 3 * 1'440 * 50);
  }
  SECTION("since and until cut the periods at their edges") {
    query.since = at(86'400 + 2'700);
    query.until = at(86'400 + 6'300);
    const auto rows = ask().series[0].rows;
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].period == Period{*query.since, *query.until});
    CHECK(rows[0].fields[0].amount == 6'000);
  }
  SECTION("an edge that the history cannot tell moves outwards") {
    query.since = at(2'701);
    query.until = at(6'299);
    const auto rows = ask().series[0].rows;
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].period == Period{at(2'700), at(6'300)});
    CHECK(rows[0].fields[0].amount == 6'000);
  }
  SECTION("long before and after the data") {
    query.since = Timestamp{};
    query.until = always_to;
    query.unit = Unit::hour;
    CHECK(ask().series[0].rows.size() == 73);
    query.since = always_to - std::chrono::hours(10);
    CHECK(ask().series[0].rows.empty());
  }
  SECTION("the wrong way round") {
    query.since = at(7'200);
    query.until = at(3'600);
    CHECK(refuse().code() == Status::Code::fatal);
  }
}

TEST_CASE_METHOD(UsageFixture, "all interfaces, or those that fit") {
  fill();
  query.all = true;
  CHECK(ask().series.size() == 2);
  query.all = false;
  query.match = {{"interface", "w*"}};
  REQUIRE(ask().series.size() == 1);
  CHECK(ask().series[0].series.tag("interface") == "wlan0");
}

TEST_CASE_METHOD(UsageFixture, "a question that does not fit is answered with what there is") {
  REQUIRE(writer->open(now).is_ok());
  CHECK(refuse().code() == Status::Code::retry);
  CHECK(refuse().message().find("still empty") != std::string::npos);
  fill();
  query.match = {{"interface", "eth7"}};
  CHECK(refuse().code() == Status::Code::fatal);
  CHECK(refuse().message() == "no interface 'eth7' in the history; it has: eth0, wlan0");
  query.match = {{"colour", "red"}};
  CHECK(refuse().message() == "no series of 'interface' has the tag 'colour'");
  query.measurement = "device";
  CHECK(refuse().message() == "the history has no measurement 'device'; it has: interface");
  query.measurement = "interfcae";
  CHECK(refuse().message() ==
        "the history has no measurement 'interfcae', did you mean 'interface'? it has: interface");
}

TEST_CASE_METHOD(UsageFixture, "lately is from the last whole minute to the newest sample") {
  const SeriesPtr eth0 = interface("eth0"), late = interface("late");
  for (int i = 0; i <= 12; ++i)
    write(sample(eth0, i * 10, 1, static_cast<std::uint64_t>(i < 6 ? 0 : (i - 6) * 1'000), 0));
  write(sample(late, 108, 2, 0, 0));
  write(sample(late, 120, 2, 300, 0));
  now = at(125);
  query.lately = GENERATE(false, true);
  query.all = true;
  const Usage usage = ask();
  REQUIRE(usage.series.size() == 2);
  REQUIRE(usage.series[0].lately);
  CHECK(usage.series[0].lately->period == Period{at(60), at(120)});
  REQUIRE(usage.series[0].lately->fields.size() == 3);
  CHECK(usage.series[0].lately->fields[0].amount == 6'000);
  REQUIRE(usage.series[1].lately);
  CHECK(usage.series[1].lately->period == Period{at(108), at(120)});
  CHECK(usage.series[0].rows.empty() == query.lately);
  now = at(10'000);
  CHECK_FALSE(ask().series[0].lately);
}

TEST_CASE_METHOD(UsageFixture, "a rate ends where its own series does, however new the others are") {
  const SeriesPtr slow = interface("slow"), fast = interface("fast");
  const MeasurementPtr load = make_measurement("load", "", {{"load", Kind::gauge, "", ""}}, {});
  const SeriesPtr cpu = make_series("cpu", load, {});
  for (int i = 0; i <= 235; ++i) {
    const auto n = static_cast<std::uint64_t>(i);
    write(sample(fast, i, 1, n * 125'000, 0));
    if (i % 60 == 0) write({{slow, at(i), 2, false, false, {n * 125'000, 0, {}}}}, at(i));
    if (i % 60 == 0) write({{cpu, at(i), 0, false, false, {0.5}}}, at(i));
  }
  now = at(236);
  query.lately = true;
  const Usage usage = ask();
  REQUIRE(usage.series.size() == 2);
  for (const SeriesUsage& each : usage.series) {
    REQUIRE(each.lately);
    CHECK(static_cast<double>(each.lately->fields[0].amount) / each.lately->seconds() == 125'000);
  }
  CHECK(usage.series[0].lately->period == Period{at(120), at(235)});
  CHECK(usage.series[1].lately->period == Period{at(120), at(180)});
  query.measurement = "load";
  CHECK(ask().series.at(0).lately->period == Period{at(120), at(180)});
}

TEST_CASE_METHOD(UsageFixture, "a question about the past is not answered with what moves now") {
  const SeriesPtr eth0 = interface("eth0");
  for (int i = 0; i <= 12; ++i) write(sample(eth0, i * 10, 1, static_cast<std::uint64_t>(i), 0));
  now = at(125);
  query.until = at(126);
  CHECK(ask().series.at(0).lately);
  query.until = at(125);
  CHECK_FALSE(ask().series.at(0).lately);
}

TEST_CASE_METHOD(UsageFixture, "months begin on the day that a bill does") {
  const SeriesPtr eth0 = interface("eth0");
  const auto day = [](int month, int n) { return date_in_2024(month, n); };
  const auto put = [&](Timestamp time, std::uint64_t total) {
    write({{eth0, time, 1, false, false, {total, 0, {}}}}, time);
  };
  put(day(1, 20) - std::chrono::minutes(1), 0);
  put(day(1, 20), 1);  // counted before the 20th began
  put(day(1, 20) + std::chrono::minutes(1), 11);
  put(day(2, 29) - std::chrono::minutes(1), 111);
  put(day(2, 29) + std::chrono::minutes(1), 1'111);
  now = day(3, 5);
  query.unit = Unit::month;
  const auto amounts = [&] {
    std::vector<std::int64_t> all;
    const Usage usage = ask();
    for (const UsageRow& row : usage.series.at(0).rows) all.push_back(row.fields[0].amount);
    return all;
  };
  query.start_day = 20;
  const Usage usage = ask();
  REQUIRE(usage.series.at(0).rows.size() == 3);
  CHECK(usage.series[0].rows[0].period == Period{day(1, 1) - std::chrono::hours(12 * 24), day(1, 20)});
  CHECK(usage.series[0].rows[1].period == Period{day(1, 20), day(2, 20)});
  CHECK(usage.series[0].rows[2].period == Period{day(2, 20), day(3, 20)});
  query.start_day = 31;  // the last one
  CHECK(amounts().size() == 3);
  CHECK(ask().series[0].rows.back().period == Period{day(2, 29), day(3, 31)});
}

TEST_CASE_METHOD(UsageFixture, "an edge that moved is spoken of, where it moved by a minute or more") {
  settings.tiers = {{std::chrono::minutes(1), std::chrono::hours(2)},
                    {std::chrono::minutes(15), std::chrono::hours(24)}};
  reopen();
  for (int i = 0; i <= 60; ++i) write(sample(interface("eth0"), i * 300, 1, static_cast<std::uint64_t>(i), 0));
  now = at(5 * 3'600);
  query.unit = Unit::hour;
  SECTION("the fine tier") {
    query.since = at(4 * 3'600 + 7 * 60 + 30);
    CHECK(ask().notes.empty());
    CHECK(ask().series[0].rows.front().period.from == at(4 * 3'600 + 7 * 60));
  }
  SECTION("the coarse tier") {
    query.since = at(7 * 60 + 30);
    query.until = at(7'200 + 60);
    CHECK(ask().notes == std::vector<std::string>{
                             "--since 2023-11-14 22:22 was moved to 2023-11-14 22:15: the history keeps that time in "
                             "coarser steps",
                             "--until 2023-11-15 00:16 was moved to 2023-11-15 00:30: the history keeps that time in "
                             "coarser steps"});
    query.limit = 1;  // the first edge is no longer shown
    CHECK(ask().notes.size() == 1);
  }
  SECTION("not what is yet to come") {
    now = at(600);
    query.until = at(601);
    CHECK(ask().notes.empty());
  }
}

TEST_CASE_METHOD(HistoryFixture, "a clock that was once in the future hides nothing from the report") {
  const SeriesPtr eth0 = interface("eth0");
  const double ahead = 4.0 * 365 * 86'400;
  write(sample(eth0, ahead, 1, 0, 0));
  write({sample(eth0, 0, 1, 100, 0)}, at(0));
  write({sample(eth0, 3 * 86'400, 1, 700, 0)}, at(3 * 86'400));
  Usage usage;
  REQUIRE(collect_usage(reader(), {}, *Zone::find("UTC"), at(3 * 86'400), usage).is_ok());
  REQUIRE(usage.series.size() == 1);
  std::int64_t seen = 0;
  for (const auto& row : usage.series.front().rows) seen += row.fields[0].amount;
  CHECK(seen == 700);
}

}  // namespace trafficd::history
