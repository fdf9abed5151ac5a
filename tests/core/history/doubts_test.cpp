// Steps that nobody could judge: kept once, with the amounts' transaction, bounded, shown to people and programs.
#include "history/doubts.hpp"

#include "history/doubt_decision.hpp"
#include "history/doubt_list.hpp"
#include "history_fixture.hpp"

namespace trafficd::history {

namespace {

constexpr std::uint64_t range = std::uint64_t{1} << 32;

struct DoubtFixture : HistoryFixture {
  const SeriesPtr old =
      make_series("lan", interface_measurement(), {{"interface", "old"}}, {{"site", "home"}}, {32, 100'000'000});
  DoubtQuery query;

  /// A fall that both a wrap and a restart can be, and the reading that bears it out.
  Batch fall(std::uint64_t after = 400) const {
    return {sample(old, 0, 0, range - 100, 50), sample(old, 60, 0, after, 60), sample(old, 70, 0, after + 50, 60)};
  }
  DoubtList list() const {
    DoubtList all;
    const Status status = collect_doubts(reader(), query, all);
    INFO(status.message());
    REQUIRE(status.is_ok());
    return all;
  }
};

/// An answer without a history behind it.
DoubtList made() {
  SeriesInfo eth0{1, "lan", "interface", {{"interface", "eth0"}}, {}, {}, {}};
  SeriesInfo odd{2, "box", "app", {{"id", "=1,\x1b"}}, {}, {}, {}};
  const auto text = [](const char* words) { return std::string(words); };
  DoubtList list;
  list.entries = {{{text("0123456789abcdef"), at(0), 1, text("rx_bytes"), text("By"), range - 100, 400, 400, 500,
                    text("fell"), text("")},
                   eth0},
                  {{text("fedcba9876543210"), at(3'600), 2, text("hits"), text("1"), 5, ~std::uint64_t{0} - 1, 7, 7,
                    text("grew"), text("rejected")},
                   odd}};
  return list;
}

}  // namespace

TEST_CASE_METHOD(DoubtFixture, "a step in doubt is set aside, and what comes after it counts") {
  write(fall(), at(70));
  CHECK(writer->tally().doubtful == 1);
  CHECK(amount("old", always_from, always_to) == 50);
  CHECK(amount("old", always_from, always_to, 1) == 10);
  const DoubtList all = list();
  REQUIRE(all.entries.size() == 1);
  const DoubtRow& doubt = all.entries[0].doubt;
  CHECK(all.entries[0].series.tag("interface") == "old");
  CHECK(doubt.time == at(60));
  CHECK(doubt.field == "rx_bytes");
  CHECK(doubt.unit == "By");
  CHECK(doubt.before == range - 100);
  CHECK(doubt.after == 400);
  CHECK(doubt.amount == 400);
  CHECK(doubt.most == 500);
  CHECK(doubt.reason == "fell, and both a wrap and a restart are believable");
  CHECK(doubt.decision.empty());
}

TEST_CASE_METHOD(DoubtFixture,
                 "a step that is accepted counts at its own time, in every tier, beside a running service") {
  write(fall(), at(70));
  const std::string id = list().entries[0].doubt.id;
  const bool rolled_up = GENERATE(false, true);
  if (rolled_up) write({sample(old, 2'000, 0, 500, 60)}, at(2'000));
  const auto all = [&] { return amount("old", always_from, always_to); };
  const std::int64_t before = all(), its_minute = amount("old", at(0), at(60)),
                     its_quarter = amount("old", at(0), at(900));
  const auto step = decide(settings.file, id, true);
  REQUIRE(step);
  CHECK(step->decision == "accepted");
  CHECK(list().entries[0].doubt.decision == "accepted");
  CHECK(all() == before + 400);
  CHECK(amount("old", at(0), at(60)) == its_minute + 400);
  CHECK(amount("old", at(0), at(900)) == its_quarter + 400);
  // What stood in minutes only is rolled up now.
  write({sample(old, 4'000, 0, 600, 60)}, at(4'000));
  CHECK(all() == 600);
  CHECK(amount("old", at(0), at(900)) >= 450);
  CHECK(value("SELECT rx_bytes FROM interface_15m ORDER BY \"@key\" LIMIT 1") == amount("old", at(0), at(900)));
  const auto again = decide(settings.file, id, false);
  REQUIRE(!again);
  CHECK(again.error().find("was accepted before") != std::string::npos);
  write(fall(), at(4'010));  // a resend
  CHECK(all() == 600);
}

TEST_CASE_METHOD(DoubtFixture, "a step that is rejected never counts; one that is not there is told") {
  write(fall(), at(70));
  const auto step = decide(settings.file, list().entries[0].doubt.id, false);
  REQUIRE(step);
  CHECK(step->decision == "rejected");
  CHECK(amount("old", always_from, always_to) == 50);
  const auto none = decide(settings.file, "0000", true);
  REQUIRE(!none);
  CHECK(none.error().find("there is no step '0000'") != std::string::npos);
  CHECK_FALSE(decide(settings.file.parent_path() / "none.db", "0000", true));
  CHECK_FALSE(std::filesystem::exists(settings.file.parent_path() / "none.db"));
}

TEST_CASE_METHOD(DoubtFixture, "the same step is kept once, whatever comes again") {
  write(fall(), at(70));
  write(fall(), at(80));
  reopen();
  write(fall(), at(90));
  CHECK(list().entries.size() == 1);
  CHECK(writer->tally().doubtful == 0);
  CHECK(amount("old", always_from, always_to) == 50);
}

TEST_CASE_METHOD(DoubtFixture, "a step that waits for the next reading survives a stop and a kill") {
  const Batch all = fall();
  write({all[0]}, at(0));
  write({all[1]}, at(60));
  CHECK(amount("old", always_from, always_to, 1) == 0);
  SECTION("a stop") { reopen(); }
  SECTION("a kill") { kill(); }
  write({all[2]}, at(70));
  CHECK(amount("old", always_from, always_to) == 50);
  CHECK(amount("old", always_from, always_to, 1) == 10);
  CHECK(list().entries.size() == 1);
  CHECK(value("SELECT count(*) FROM held WHERE length(totals) = 4") == 1);
}

TEST_CASE_METHOD(DoubtFixture, "a wrong reading leaves nothing behind") {
  const SeriesPtr dsl = make_series("lan", interface_measurement(), {{"interface", "dsl"}}, {}, {64, 1'000'000});
  write(sample(dsl, 0, 0, 5'000'000'000, 0));
  write(sample(dsl, 10, 0, 0, 0));
  CHECK(value("SELECT count(*) FROM held") == 1);
  if (GENERATE(false, true)) reopen();
  write(sample(dsl, 20, 0, 5'000'000'300, 0));
  CHECK(value("SELECT count(*) FROM held") == 0);
  CHECK(list().entries.empty());
  CHECK(amount("dsl", always_from, always_to) == 300);
}

TEST_CASE_METHOD(DoubtFixture, "an increase that no column could hold is in doubt, of a named life too") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 7));
  write(sample(eth0, 10, 1, 5'000, ~std::uint64_t{0} - 4));
  const DoubtList all = list();
  REQUIRE(all.entries.size() == 1);
  CHECK(all.entries[0].doubt.field == "tx_bytes");
  CHECK(all.entries[0].doubt.before == 7);
  CHECK(all.entries[0].doubt.after == ~std::uint64_t{0} - 4);
  CHECK(all.entries[0].doubt.amount == ~std::uint64_t{0} - 11);
}

TEST_CASE_METHOD(DoubtFixture, "the oldest go when there are too many, those that are decided first") {
  write(fall(), at(70));
  constexpr std::int64_t decided = 100, extra = 300;
  {
    Database file(settings.file);
    file.exec(concat("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ",
                     DoubtStore::most + extra,
                     ") INSERT INTO doubtful SELECT printf('x%05d', i), i, 1, 'rx_bytes', i, 0, 0, 0, '',"
                     " iif(i > ",
                     DoubtStore::most + extra - decided, ", 'rejected', '') FROM n"));
  }
  reopen();
  write(sample(old, 80, 0, 460, 60));
  CHECK(value("SELECT count(*) FROM doubtful") == DoubtStore::most);
  CHECK(value("SELECT count(*) FROM doubtful WHERE decision <> ''") == 0);
  CHECK(value("SELECT min(time) FROM doubtful") == extra + 1 - decided + 1);
  CHECK(writer->tally().forgotten == extra + 1);
  CHECK(list().forgotten == extra + 1);
}

TEST_CASE_METHOD(DoubtFixture, "a question chooses by measurement, tag, time and number") {
  write(fall(), at(70));
  write({sample(old, 3'600, 0, range - 7, 60), sample(old, 3'700, 0, 8, 60), sample(old, 3'710, 0, 9, 60)}, at(3'710));
  REQUIRE(list().entries.size() == 2);
  SECTION("measurement") {
    query.measurement = "device";
    CHECK(list().entries.empty());
  }
  SECTION("tags, attributes too") {
    query.match = {{"interface", "o*"}, {"site", "home"}};
    CHECK(list().entries.size() == 2);
    query.match = {{"interface", "eth*"}};
    CHECK(list().entries.empty());
  }
  SECTION("time") {
    query.since = at(60);
    query.until = at(3'700);
    CHECK(list().entries.size() == 1);
  }
  SECTION("the newest") {
    query.limit = 1;
    REQUIRE(list().entries.size() == 1);
    CHECK(list().entries[0].doubt.time == at(3'700));
  }
}

TEST_CASE("doubts as a table for people") {
  CHECK(to_table(made(), *Zone::find("UTC"), {80, false, true}) ==
        "id                time              series                before                 after     would bring\n"
        "0123456789abcdef  2023-11-14 22:15  eth0 (lan) rx_bytes  4.29 GB                 400 B  400 B or 500 B\n"
        "                  fell\n"
        "fedcba9876543210  2023-11-14 23:15  =1,? (box) hits            5  18446744073709551614               7\n"
        "                  grew; rejected\n");
  DoubtList none;
  CHECK(to_table(none, *Zone::find("UTC"), {}) == "no step of a counter is in doubt\n");
  none.forgotten = 3;
  CHECK(to_table(none, *Zone::find("UTC"), {}) == "no step of a counter is in doubt\n3 older ones had to make room\n");
}

TEST_CASE("doubts for programs") {
  CHECK(to_json(DoubtList{}) == "[]\n");
  CHECK(to_json(made()) ==
        "[\n"
        R"({"id":"0123456789abcdef","time":1700000100,"measurement":"interface","instance":"lan","field":"rx_bytes",)"
        R"("before":4294967196,"after":400,"amount":400,"most":500,"reason":"fell","decision":"","interface":"eth0"},)"
        "\n"
        R"({"id":"fedcba9876543210","time":1700003700,"measurement":"app","instance":"box","field":"hits",)"
        R"("before":5,"after":18446744073709551614,"amount":7,"most":7,"reason":"grew","decision":"rejected"})"
        "\n]\n");
  CHECK(to_csv(made()) ==
        "id,time,measurement,instance,tags,field,before,after,amount,most,reason,decision\n"
        "0123456789abcdef,1700000100,interface,lan,interface=eth0,rx_bytes,4294967196,400,400,500,fell,\n"
        "fedcba9876543210,1700003700,app,box,\"id==1,\x1b\",hits,5,18446744073709551614,7,7,grew,rejected\n");
}

TEST_CASE_METHOD(HistoryFixture, "a history of version 1 is brought to this one and goes on") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 1'000, 0));
  write(sample(eth0, 10, 1, 1'400, 0));
  writer->close();
  {
    Database first(settings.file);
    first.exec(
        "DROP TABLE held; DROP TABLE doubtful; DROP TABLE forgotten; CREATE TABLE newest(id, time); PRAGMA "
        "user_version=1");
  }
  const auto too_old = Reader::open(settings.file);
  REQUIRE(!too_old);
  CHECK(too_old.error().find("run the service once to bring it to 4") != std::string::npos);
  reopen();
  write(sample(eth0, 20, 1, 1'450, 0));
  CHECK(value("PRAGMA user_version") == 4);
  CHECK(amount("eth0", always_from, always_to) == 450);
  DoubtList list;
  CHECK(collect_doubts(reader(), {}, list).is_ok());
  CHECK(list.entries.empty());
}

}  // namespace trafficd::history
