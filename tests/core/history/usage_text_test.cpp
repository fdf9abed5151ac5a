#include "history/usage_text.hpp"

#include "catch.hpp"

namespace trafficd::history {

namespace {

const Zone utc = *Zone::find("UTC");

Period day(int n) {
  return {Timestamp{std::chrono::hours(24 * (20'000 + n))}, Timestamp{std::chrono::hours(24 * (20'001 + n))}};
}

FieldSum counter(std::int64_t amount) { return {.present = true, .amount = amount}; }

FieldSum gauge(double sum, double count, double min, double max, double last) {
  return {.present = true, .amount = 0, .sum = sum, .count = count, .min = min, .max = max, .last = last};
}

/// An answer without a history behind it.
Usage made() {
  Usage usage;
  usage.measurement = {"interface",
                       {"interface"},
                       {{"rx_bytes", Kind::counter, "By"}, {"tx_bytes", Kind::counter, "By"}, {"up", Kind::gauge, ""}}};
  usage.unit = Unit::day;
  const FieldSum up = gauge(3, 4, 0, 1, 1);
  SeriesUsage eth0;
  eth0.series = {1,  "lan", "interface", {{"interface", "eth0"}}, {{"name", "the \x1b[1muplink"}, {"primary", "yes"}},
                 {}, {}};
  eth0.lately =
      UsageRow{{day(3).from - std::chrono::seconds(60), day(3).from}, 0, {counter(7'500'000), counter(750'000), up}};
  eth0.rows = {{day(0), 0, {counter(3'000'000'000), counter(1'000'000'000), up}},
               {day(1), 90, {counter(1'000'000'000), counter(0), {}}},
               {day(2), 0, {counter(1'000), counter(2'000), up}}};
  SeriesUsage tun0;
  tun0.series = {2, "lan", "interface", {{"interface", "=cmd|'x,y'"}}, {}, {}, {}};
  usage.series = {eth0, tun0};
  return usage;
}

}  // namespace

TEST_CASE("the table on a narrow and on a wide terminal") {
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
  CHECK(to_table(made(), utc, {.width = 80, .colour = true, .unicode = true}).find("\x1b[32m") != std::string::npos);
  CHECK(to_table(made(), utc, {.width = 80, .colour = false, .unicode = true}).find('\x1b') == std::string::npos);
}

TEST_CASE("a measurement without bytes shows its own fields, of gauges the last value and no sum") {
  Usage usage = made();
  usage.measurement.fields = {
      {"requests", Kind::counter, "1"}, {"load", Kind::gauge, ""}, {"errors", Kind::counter, "1"}};
  usage.series[0].rows = {{day(0), 0, {counter(3'000'000'000), gauge(3, 4, 0, 1, 0.8125), counter(9)}},
                          {day(1), 0, {counter(2'000'000'000), {}, counter(1)}}};
  CHECK(to_table(usage, utc, {.width = 76, .colour = false, .unicode = false}) ==
        "eth0  the ?[1muplink\n"
        "  day             requests  errors  load (last)\n"
        "  2024-10-04    3000000000       9       0.8125  ###########################\n"
        "  2024-10-05    2000000000       1            -  ##################\n"
        "  sum           5000000000      10             \n"
        "\n");
}

TEST_CASE("gauges are shown by their unit, and seconds since 1970 as a date") {
  Usage usage = made();
  usage.measurement.fields = {{"first_time", Kind::gauge, "s"}, {"uptime", Kind::gauge, "s"},
                              {"speed", Kind::gauge, "bit/s"},  {"flow", Kind::gauge, "By/s"},
                              {"used", Kind::gauge, "By"},      {"signal", Kind::gauge, "dB"}};
  const auto last = [](double value) { return gauge(0, 1, 0, 0, value); };
  usage.series[0].rows = {
      {day(0), 0, {last(1'728'036'120), last(86'400), last(1e9), last(125), last(2'048), last(-71.25)}},
      {day(1), 0, {last(1'728'036'180), last(0.000'123), last(1e6), last(1), last(0), last(-1)}}};
  CHECK(to_table(usage, utc, {.width = 120, .colour = false, .unicode = false}) ==
        "eth0  the ?[1muplink\n"
        "  day           first_time (last)  uptime (last)  speed (last)  flow (last)  used (last)  signal (last)\n"
        "  2024-10-04     2024-10-04 10:02          86400   1.00 Gbit/s  1.00 kbit/s      2.05 kB         -71.25\n"
        "  2024-10-05     2024-10-04 10:03       0.000123   1.00 Mbit/s      8 bit/s          0 B             -1\n"
        "\n");
}

TEST_CASE("columns that do not fit are left out and named, and numbers are whole") {
  Usage usage = made();
  usage.measurement.fields = {{"one", Kind::counter, "1"}, {"two", Kind::counter, "1"}, {"three", Kind::gauge, ""}};
  usage.series[0].rows = {{day(0), 0, {counter(9'223'372'036'854'775'807), counter(2), gauge(3, 1, 3, 3, 3)}}};
  usage.series[1].rows = {{day(0), 0, {counter(1), counter(20'000'000'000), gauge(3, 1, 3, 3, 3)}}};
  CHECK(to_table(usage, utc, {.width = 48, .colour = true, .unicode = true}) ==
        "\x1b[1meth0\x1b[0m  the ?[1muplink\n"
        "\x1b[2m  day                           one          two\x1b[0m\n"
        "  2024-10-04    9223372036854775807            2\n"
        "\n"
        "\x1b[1m=cmd|'x,y'\x1b[0m\n"
        "\x1b[2m  day                           one          two\x1b[0m\n"
        "  2024-10-04                      1  20000000000\n"
        "\n"
        "\x1b[2mno room here for three: --json shows all\x1b[0m\n");
  CHECK(to_table(usage, utc, {.width = 20}).find("9223372036854775807\n") != std::string::npos);
}

TEST_CASE("where there is no page to fit, all columns and no bars") {
  Usage usage = made();
  CHECK(to_table(usage, utc, {.width = 0}).find("  2024-10-04       3.00 GB     1.00 GB     4.00 GB\n") !=
        std::string::npos);
  usage.measurement.fields.assign(40, {"requests", Kind::counter, "1"});
  CHECK(to_table(usage, utc, {.width = 0}).find("no room") == std::string::npos);
}

TEST_CASE("series that only their instance tells apart are shown with it") {
  Usage usage = made();
  usage.series.push_back(usage.series[0]);
  usage.series.back().series.instance = "other";
  const std::string table = to_table(usage, utc, {});
  CHECK(table.starts_with("eth0 (lan)  the ?[1muplink"));
  CHECK(table.find("\neth0 (other)  the") != std::string::npos);
}

TEST_CASE("the time of a rate is what it is") {
  Usage usage = made();
  const auto words = [&](double seconds) {
    UsageRow& lately = *usage.series[0].lately;
    lately.period.from = lately.period.to - std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000));
    const std::string table = to_table(usage, utc, {});
    const auto from = table.find("   last ") + 3;
    return table.substr(from, table.find(':') - from);
  };
  CHECK(words(1.2) == "last second");
  CHECK(words(12) == "last 12 seconds");
  CHECK(words(60) == "last minute");
  CHECK(words(61) == "last 61 seconds");
  CHECK(words(119) == "last 119 seconds");
  CHECK(words(120) == "last 2 minutes");
  CHECK(words(420) == "last 7 minutes");
}

TEST_CASE("rates alone are one table of all series") {
  Usage usage = made();
  usage.lately = true;
  usage.series[0].rows.clear();
  SECTION("of bytes") {
    CHECK(to_table(usage, utc, {}) ==
          "  interface       received        sent        total\n"
          "  eth0         1.00 Mbit/s  100 kbit/s  1.10 Mbit/s  last minute\n"
          "\n");
    CHECK(
        to_json(usage) ==
        "[\n"
        R"({"interface":"eth0","instance":"lan","from":1728259140,"to":1728259200,"rx_bytes":7500000,"rx_bytes_rate":125000,"tx_bytes":750000,"tx_bytes_rate":12500,"up":0.75,"up_min":0,"up_max":1,"up_last":1,"estimated":0,"name":"the \u001b[1muplink","primary":"yes"})"
        "\n]\n");
    CHECK(to_csv(usage) ==
          "interface,instance,from,to,rx_bytes,rx_bytes_rate,tx_bytes,tx_bytes_rate,up,up_min,up_max,up_last,"
          "estimated\n"
          "eth0,lan,1728259140,1728259200,7500000,125000,750000,12500,0.75,0,1,1,0\n");
  }
  SECTION("of other things") {
    usage.measurement.fields[0] = {"requests", Kind::counter, "1"};
    CHECK(to_table(usage, utc, {}) ==
          "  interface    requests    tx_bytes  up (last)\n"
          "  eth0         125000/s  100 kbit/s          1  last minute\n"
          "\n");
  }
  SECTION("of nothing") {
    usage.series[0].lately.reset();
    CHECK(to_table(usage, utc, {}) == "nothing came in the last five minutes: is the service running?\n");
    CHECK(to_json(usage) == "[]\n");
  }
}

TEST_CASE("several identity tags have a column each in rates, and their names in heads") {
  Usage usage = made();
  usage.measurement.identity = {"device", "port"};
  usage.series[0].series.identity = {{"device", "switch-7"}, {"port", "1"}};
  usage.series[0].series.attributes.clear();
  usage.series[1].series.identity = {{"device", "ap"}, {"port", "uplink"}};
  usage.series[1].lately = usage.series[0].lately;
  CHECK(to_table(usage, utc, {}).starts_with("device=switch-7  port=1   last minute: "));
  usage.lately = true;
  CHECK(to_table(usage, utc, {}) ==
        "  device    port         received        sent        total\n"
        "  switch-7  1         1.00 Mbit/s  100 kbit/s  1.10 Mbit/s  last minute\n"
        "  ap        uplink    1.00 Mbit/s  100 kbit/s  1.10 Mbit/s  last minute\n"
        "\n");
}

TEST_CASE("a mean never lies outside of what it is the mean of") {
  CHECK(gauge(5.9999999999999991, 10, 0.6, 0.6, 0.6).mean() == 0.6);
  CHECK(gauge(6.0000000000000009, 10, 0.6, 0.6, 0.6).mean() == 0.6);
}

TEST_CASE("a bill's month is named by its first and its last day") {
  Usage usage = made();
  usage.unit = Unit::month;
  usage.start_day = 15;
  usage.series.erase(usage.series.begin() + 1);
  usage.series[0].rows = {{billing_period(day(0).from, 15, utc), 0, {counter(1), counter(2), {}}},
                          {billing_period(day(100).from, 15, utc), 0, {counter(1), counter(2), {}}}};
  CHECK(to_table(usage, utc, {.width = 0, .colour = false, .unicode = true})
            .ends_with("  month                        received        sent       total\n"
                       "  2024-09-15 – 10-14                1 B         2 B         3 B\n"
                       "  2024-12-15 – 2025-01-14           1 B         2 B         3 B\n"
                       "  sum                               2 B         4 B         6 B\n"
                       "\n"));
  CHECK(to_table(usage, utc, {.width = 0, .colour = false, .unicode = false}).find("  2024-09-15 - 10-14 ") !=
        std::string::npos);
}

TEST_CASE("notes stand below") {
  Usage usage = made();
  usage.notes = {"one", "two"};
  CHECK(to_table(usage, utc, {.width = 80, .colour = true, .unicode = true})
            .ends_with("laid over it evenly\x1b[0m\n\x1b[2mone\x1b[0m\n\x1b[2mtwo\x1b[0m\n"));
}

TEST_CASE("JSON is one array of flat objects, integers as integers") {
  const std::string json = to_json(made());
  CHECK(
      json ==
      "[\n"
      R"({"interface":"eth0","instance":"lan","from":1728000000,"to":1728086400,"rx_bytes":3000000000,"tx_bytes":1000000000,"up":0.75,"up_min":0,"up_max":1,"up_last":1,"estimated":0,"name":"the \u001b[1muplink","primary":"yes"},)"
      "\n"
      R"({"interface":"eth0","instance":"lan","from":1728086400,"to":1728172800,"rx_bytes":1000000000,"tx_bytes":0,"estimated":90,"name":"the \u001b[1muplink","primary":"yes"},)"
      "\n"
      R"({"interface":"eth0","instance":"lan","from":1728172800,"to":1728259200,"rx_bytes":1000,"tx_bytes":2000,"up":0.75,"up_min":0,"up_max":1,"up_last":1,"estimated":0,"name":"the \u001b[1muplink","primary":"yes"})"
      "\n]\n");
  CHECK(to_json(Usage{}) == "[]\n");
}

TEST_CASE("an attribute named like one of our keys does not make a key twice") {
  Usage usage = made();
  usage.series[0].series.attributes = {{"from", "hostile"}, {"rx_bytes", "hostile"}};
  CHECK(to_json(usage).find("hostile") == std::string::npos);
}

TEST_CASE("a field named like what is made of a gauge keeps its name") {
  Usage usage = made();
  usage.measurement.fields.push_back({"up_max", Kind::counter, "1"});
  usage.series[0].rows[0].fields.push_back(counter(7));
  CHECK(to_json(usage).find(R"("up":0.75,"up_min":0,"up_last":1,"up_max":7,)") != std::string::npos);
  CHECK(to_csv(usage).starts_with("interface,instance,from,to,rx_bytes,tx_bytes,up,up_min,up_last,up_max,estimated\n"));
}

TEST_CASE("CSV quotes what needs it and disarms formulas") {
  Usage usage = made();
  usage.series[1].rows = {usage.series[0].rows[1]};
  CHECK(to_csv(usage) ==
        "interface,instance,from,to,rx_bytes,tx_bytes,up,up_min,up_max,up_last,estimated\n"
        "eth0,lan,1728000000,1728086400,3000000000,1000000000,0.75,0,1,1,0\n"
        "eth0,lan,1728086400,1728172800,1000000000,0,,,,,90\n"
        "eth0,lan,1728172800,1728259200,1000,2000,0.75,0,1,1,0\n"
        "\"'=cmd|'x,y'\",lan,1728086400,1728172800,1000000000,0,,,,,90\n");
}

}  // namespace trafficd::history
