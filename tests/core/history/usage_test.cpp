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

/// An answer without a history behind it.
Usage made() {
  Usage usage;
  usage.measurement = {"interface",
                       {"interface"},
                       {{"rx_bytes", Kind::counter, "By"}, {"tx_bytes", Kind::counter, "By"}, {"up", Kind::gauge, ""}}};
  usage.unit = Unit::day;
  const auto day = [](int n) {
    return Period{Timestamp{std::chrono::hours(24 * (20'000 + n))}, Timestamp{std::chrono::hours(24 * (20'001 + n))}};
  };
  const auto counter = [](std::int64_t n) { return FieldSum{.present = true, .amount = n}; };
  const FieldSum up{.present = true, .amount = 0, .sum = 3, .count = 4, .min = 0, .max = 1, .last = 1};
  SeriesUsage eth0;
  eth0.series = {1,  "lan", "interface", {{"interface", "eth0"}}, {{"name", "the \x1b[1muplink"}, {"primary", "yes"}},
                 {}, {}};
  eth0.rate = {60, {counter(7'500'000), counter(750'000), up}};
  eth0.rows = {{day(0), 0, {counter(3'000'000'000), counter(1'000'000'000), up}},
               {day(1), 90, {counter(1'000'000'000), counter(0), {}}},
               {day(2), 0, {counter(1'000), counter(2'000), up}}};
  SeriesUsage tun0;
  tun0.series = {2, "lan", "interface", {{"interface", "=cmd|'x,y'"}}, {}, {}, {}};
  usage.series = {eth0, tun0};
  return usage;
}

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
}

TEST_CASE_METHOD(UsageFixture, "the rate is that of the last minute") {
  const SeriesPtr eth0 = interface("eth0");
  for (int i = 0; i <= 12; ++i)
    write(sample(eth0, i * 10, 1, static_cast<std::uint64_t>(i < 6 ? 0 : (i - 6) * 1'000), 0));
  now = at(125);
  const Rate rate = ask().series[0].rate;
  CHECK(rate.seconds == 60);
  REQUIRE(rate.fields.size() == 3);
  CHECK(rate.fields[0].amount == 6'000);
  now = at(10'000);
  CHECK(ask().series[0].rate.seconds == 0);
}

TEST_CASE("the table on a narrow and on a wide terminal") {
  const Zone utc = *Zone::find("UTC");
  CHECK(to_table(made(), utc, {.width = 80, .colour = false, .unicode = false}) ==
        "eth0  the ?[1muplink   last minute: received 1.00 Mbit/s, sent 100 kbit/s\n"
        "  day             received        sent       total\n"
        "  2024-10-04       3.00 GB     1.00 GB     4.00 GB  #####################-------\n"
        "  2024-10-05 ~     1.00 GB         0 B     1.00 GB  #######\n"
        "  2024-10-06       1.00 kB     2.00 kB     3.00 kB  -\n"
        "  sum        ~     4.00 GB     1.00 GB     5.00 GB\n"
        "\n"
        "~ partly estimated: traffic of a time without samples, laid over it evenly\n");
  Usage empty = made();
  empty.series.erase(empty.series.begin());
  CHECK(to_table(empty, utc, {}) == "=cmd|'x,y'\n  nothing in this time\n");
  const std::string narrow = to_table(made(), utc, {.width = 40, .colour = false, .unicode = true});
  CHECK(narrow.find("█") == std::string::npos);
  const std::string wide = to_table(made(), utc, {.width = 200, .colour = false, .unicode = true});
  CHECK(wide.find("██████████████████████████████░░░░░░░░░░\n") != std::string::npos);
}

TEST_CASE("colours only where they are wanted") {
  const Zone utc = *Zone::find("UTC");
  CHECK(to_table(made(), utc, {.width = 80, .colour = true, .unicode = true}).find("\x1b[32m") != std::string::npos);
  CHECK(to_table(made(), utc, {.width = 80, .colour = false, .unicode = true}).find('\x1b') == std::string::npos);
}

TEST_CASE("a measurement without bytes shows its own fields") {
  Usage usage = made();
  usage.measurement.fields = {
      {"requests", Kind::counter, "1"}, {"errors", Kind::counter, "1"}, {"load", Kind::gauge, ""}};
  const std::string table = to_table(usage, *Zone::find("UTC"), {.width = 70, .colour = false, .unicode = false});
  CHECK(table.find("  day             requests      errors        load\n") != std::string::npos);
  CHECK(table.find("  2024-10-04    3000000000  1000000000        0.75") != std::string::npos);
}

TEST_CASE("JSON is one array of flat objects, integers as integers") {
  const std::string json = to_json(made());
  CHECK(
      json ==
      "[\n"
      R"({"interface":"eth0","instance":"lan","from":1728000000,"to":1728086400,"rx_bytes":3000000000,"tx_bytes":1000000000,"up":0.75,"estimated":0,"name":"the \u001b[1muplink","primary":"yes"},)"
      "\n"
      R"({"interface":"eth0","instance":"lan","from":1728086400,"to":1728172800,"rx_bytes":1000000000,"tx_bytes":0,"estimated":90,"name":"the \u001b[1muplink","primary":"yes"},)"
      "\n"
      R"({"interface":"eth0","instance":"lan","from":1728172800,"to":1728259200,"rx_bytes":1000,"tx_bytes":2000,"up":0.75,"estimated":0,"name":"the \u001b[1muplink","primary":"yes"})"
      "\n]\n");
  CHECK(to_json(Usage{}) == "[]\n");
}

TEST_CASE("an attribute named like one of our keys does not make a key twice") {
  Usage usage = made();
  usage.series[0].series.attributes = {{"from", "hostile"}, {"rx_bytes", "hostile"}};
  CHECK(to_json(usage).find("hostile") == std::string::npos);
}

TEST_CASE("CSV quotes what needs it and disarms formulas") {
  Usage usage = made();
  usage.series[1].rows = {usage.series[0].rows[1]};
  CHECK(to_csv(usage) ==
        "interface,instance,from,to,rx_bytes,tx_bytes,up,estimated\n"
        "eth0,lan,1728000000,1728086400,3000000000,1000000000,0.75,0\n"
        "eth0,lan,1728086400,1728172800,1000000000,0,,90\n"
        "eth0,lan,1728172800,1728259200,1000,2000,0.75,0\n"
        "\"'=cmd|'x,y'\",lan,1728086400,1728172800,1000000000,0,,90\n");
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
