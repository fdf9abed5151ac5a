#include <cmath>
#include <limits>

#include "history_fixture.hpp"
#include "trafficd/counter.hpp"

namespace trafficd::history {

TEST_CASE_METHOD(HistoryFixture, "increases are kept per minute, and sum up exactly") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 1'000'000, 5));
  write(sample(eth0, 10, 1, 1'000'700, 7));
  write(sample(eth0, 70, 1, 1'001'000, 8));
  CHECK(amount("eth0", always_from, always_to) == 1'000);
  CHECK(amount("eth0", always_from, always_to, 1) == 3);
  // 300 in the minute from second 10 to 70: five sixths of it before the edge.
  CHECK(amount("eth0", at(0), at(60)) == 700 + 250);
  CHECK(amount("eth0", at(60), at(120)) == 50);
}

TEST_CASE_METHOD(HistoryFixture, "an increase is split in proportion to time, the remainder goes to the last bucket") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  write(sample(eth0, 180, 1, 1'000, 1));
  CHECK(amount("eth0", at(0), at(60)) == 333);
  CHECK(amount("eth0", at(60), at(120)) == 333);
  CHECK(amount("eth0", at(120), at(180)) == 334);
  CHECK(amount("eth0", at(0), at(120), 1) == 0);
  CHECK(amount("eth0", at(120), at(180), 1) == 1);
}

TEST_CASE_METHOD(HistoryFixture, "only an increase over a gap is marked as estimated") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  write(sample(eth0, 300, 1, 100, 0));
  CHECK(sums({at(0), at(900)}).front().estimated == 0);
  write(sample(eth0, 690, 1, 200, 0));
  const auto rows = sums({at(0), at(300), at(600), at(900)});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].estimated == 0);
  CHECK(rows[1].estimated == 300);
  CHECK(rows[2].estimated == 90);
}

TEST_CASE_METHOD(HistoryFixture, "gauges keep mean, minimum, maximum and last") {
  const SeriesPtr eth0 = interface("eth0");
  for (const auto& [time, speed] : {std::pair{0, 10.0}, {10, 30.0}, {20, 20.5}})
    write(sample(eth0, time, 1, 0, 0, false, speed));
  write(sample(eth0, 30, 1, 0, 0, false, std::nan("")));
  write(sample(eth0, 15, 1, 0, 0, false, 1.0));
  write(sample(eth0, 960, 1, 0, 0, false, 99));
  const FieldSum speed = sums({at(0), at(60)}).front().fields[2];
  CHECK(speed.count == 4);
  CHECK(speed.mean() == 61.5 / 4);
  CHECK(speed.min == 1.0);
  CHECK(speed.max == 30);
  CHECK(speed.last == 20.5);
  const FieldSum both = sums({at(0), at(1'800)}).front().fields[2];
  CHECK(both.count == 5);
  CHECK(both.last == 99);
}

TEST_CASE_METHOD(HistoryFixture, "deltas add up in the bucket that ends with them") {
  const MeasurementPtr requests = make_measurement("requests", "", {{"count", Kind::delta, "1", ""}}, {"host"});
  const SeriesPtr series = make_series("web", requests, {{"host", "a"}});
  write(Sample{series, at(60), 0, false, false, {5}});
  write(Sample{series, at(61), 0, false, false, {7}});
  const auto rows = sums({at(0), at(60), at(120)}, "requests");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].fields[0].amount == 5);
  CHECK(rows[1].fields[0].amount == 7);
}

TEST_CASE_METHOD(HistoryFixture, "baselines outlive a stop and a kill") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 1'000, 0));
  write(sample(eth0, 10, 1, 1'100, 0));
  SECTION("a stop") { reopen(); }
  SECTION("a kill") { kill(); }
  write(sample(eth0, 20, 1, 1'150, 0));
  CHECK(amount("eth0", always_from, always_to) == 150);
}

TEST_CASE_METHOD(HistoryFixture, "the same batch again adds nothing to counters") {
  const SeriesPtr eth0 = interface("eth0");
  const Batch batch = {sample(eth0, 0, 1, 1'000, 0), sample(eth0, 10, 1, 1'400, 0), sample(eth0, 20, 2, 30, 0)};
  write(batch, at(20));
  write(batch, at(30));
  reopen();
  write(batch, at(40));
  CHECK(amount("eth0", always_from, always_to) == 430);
}

TEST_CASE_METHOD(HistoryFixture, "many samples of a series in one batch are one row and one baseline") {
  const SeriesPtr eth0 = interface("eth0");
  Batch batch;
  for (int i = 0; i < 60; ++i) batch.push_back(sample(eth0, i, 1, static_cast<std::uint64_t>(i) * 10, 0));
  write(batch, at(60));
  CHECK(amount("eth0", at(0), at(60)) == 590);
  CHECK(value("SELECT count(*) FROM interface_1m") == 1);
  CHECK(value("SELECT count(*) FROM baseline") == 1);
}

TEST_CASE_METHOD(HistoryFixture, "an interface that is renamed loses and doubles nothing") {
  const SeriesPtr eth0 = interface("eth0"), wan0 = interface("wan0");
  write(sample(eth0, 0, 7, 1'000, 0));
  write(sample(eth0, 10, 7, 1'100, 0));
  const bool restart = GENERATE(false, true);
  if (restart) reopen();
  write(sample(wan0, 20, 7, 1'250, 0));
  CHECK(amount("eth0", always_from, always_to) == 100);
  CHECK(amount("wan0", always_from, always_to) == 150);
  SECTION("a late sample under the old name is counted already") {
    write(sample(eth0, 15, 7, 1'200, 0));
    CHECK(amount("eth0", always_from, always_to) == 100);
    write(sample(wan0, 30, 7, 1'251, 0));
    CHECK(amount("wan0", always_from, always_to) == 151);
  }
  SECTION("and back") {
    write(sample(eth0, 30, 7, 1'300, 0));
    write(sample(eth0, 40, 7, 1'310, 0));
    CHECK(amount("eth0", always_from, always_to) == 160);
    CHECK(amount("wan0", always_from, always_to) == 150);
  }
  CHECK(writer->tally().moved >= 1);
}

TEST_CASE_METHOD(HistoryFixture, "two interfaces that swap their names within one batch") {
  const SeriesPtr a = interface("a"), b = interface("b");
  write({sample(a, 0, 1, 100, 0), sample(b, 0, 2, 9'000, 0)}, at(0));
  write({sample(a, 10, 2, 9'010, 0), sample(b, 10, 1, 105, 0)}, at(10));
  write({sample(a, 20, 2, 9'011, 0), sample(b, 20, 1, 107, 0)}, at(20));
  CHECK(amount("a", always_from, always_to) == 11);
  CHECK(amount("b", always_from, always_to) == 7);
}

TEST_CASE_METHOD(HistoryFixture, "a mark that the source gives to another life is no move") {
  const SeriesPtr ppp0 = interface("ppp0"), ppp1 = interface("ppp1");
  write(sample(ppp0, 0, 7, 1'000, 0));
  write(sample(ppp1, 10, 7, 50, 0, true));
  CHECK(amount("ppp1", always_from, always_to) == 50);
  write(sample(ppp0, 20, 7, 1'010, 0));
  CHECK(amount("ppp0", always_from, always_to) == 10);
}

TEST_CASE_METHOD(HistoryFixture, "the epochs of different instances and measurements do not meet") {
  const SeriesPtr eth0 = interface("eth0");
  const SeriesPtr other = make_series("router", interface_measurement(), {{"interface", "eth9"}});
  write(sample(eth0, 0, 7, 1'000, 0));
  write(sample(other, 10, 7, 5'000, 0));
  CHECK(amount("eth9", always_from, always_to) == 0);
  write(sample(eth0, 20, 7, 1'001, 0));
  CHECK(amount("eth0", always_from, always_to) == 1);
}

TEST_CASE_METHOD(HistoryFixture, "a deleted and re-created interface keeps every byte") {
  const SeriesPtr before = interface("ppp0"), after = interface("ppp0");
  write(sample(before, 0, 1, 1'000, 0));
  write({sample(before, 5, 1, 1'600, 0), sample(after, 6, 2, 30, 0, true), sample(after, 10, 2, 80, 0, true)}, at(10));
  CHECK(amount("ppp0", always_from, always_to) == 680);
}

TEST_CASE_METHOD(HistoryFixture, "hostile names and numbers are rejected, the rest of the batch is kept") {
  const SeriesPtr eth0 = interface("eth0");
  const auto bad = [](std::string name, std::string field) {
    return Sample{
        make_series("udp", make_measurement(std::move(name), "", {{std::move(field), Kind::gauge, "", ""}}, {}), {}),
        at(0),
        0,
        false,
        false,
        {1}};
  };
  const Batch batch = {sample(eth0, 0, 1, 5, 0),
                       bad("x\"; DROP TABLE series; --", "a"),
                       bad("ok", "a b"),
                       bad("", "a"),
                       bad("ok", std::string("a\0b", 3)),
                       bad("Interface", "a"),
                       bad("fine", "value"),
                       {eth0, Timestamp{Duration{-1}}, 1, false, false, {1, 1, 1}},
                       {eth0, always_to + std::chrono::hours(24 * 365 * 20), 1, false, false, {1, 1, 1}},
                       bad("SQLite_sequence", "a")};
  const WriteResult result = writer->append(batch, at(0));
  CHECK(result.status.is_ok());
  CHECK(result.written == batch.size());
  CHECK(result.rejected == std::vector<std::size_t>{1, 2, 3, 4, 5, 7, 8, 9});
  CHECK(!result.reject_reason.empty());
  CHECK(sums({always_from, always_to}, "fine").size() == 1);
  CHECK(value("SELECT count(*) FROM series") == 2);
}

TEST_CASE_METHOD(HistoryFixture, "an increase beyond belief is left out and doubtful, the other fields count") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  write(sample(eth0, 10, 1, 5'000, std::numeric_limits<std::uint64_t>::max() - 4));
  write(sample(eth0, 20, 1, 5'500, 3));
  CHECK(writer->tally().doubtful == 1);
  CHECK(amount("eth0", always_from, always_to) == 5'500);
  CHECK(amount("eth0", always_from, always_to, 1) == 0);
}

TEST_CASE_METHOD(HistoryFixture, "a life in use outlives many newer ones, in the file too") {
  const SeriesPtr wan0 = interface("wan0");
  write(sample(wan0, 0, 100, 1'000'000'000, 0));
  const int others = 3 * static_cast<int>(CounterTracker::lives_kept);
  for (int i = 1; i <= others; ++i) {
    const auto epoch = static_cast<std::uint64_t>(i);
    write(sample(wan0, i * 60, 100 + epoch, 1'000, 0, true));
    if (i % 5 == 0) write(sample(wan0, i * 60 + 1, 100, 1'000'000'000 + epoch, 0));
    if (i % 7 == 0) reopen();
  }
  write(sample(wan0, 1e5, 100, 1'000'000'500, 0));
  CHECK(amount("wan0", always_from, always_to) == others * 1'000 + 500);
  CHECK(value("SELECT count(*) FROM life") == static_cast<std::int64_t>(CounterTracker::lives_kept));
  CHECK(value("SELECT count(*) FROM baseline") == static_cast<std::int64_t>(CounterTracker::lives_kept));
}

TEST_CASE_METHOD(HistoryFixture, "a series whose lives all moved away is still a known one") {
  write(sample(interface("eth0"), 0, 1, 1'000, 0));
  write(sample(interface("eth0"), 10, 1, 2'000, 0));
  write(sample(interface("wan0"), 20, 1, 3'000, 0));
  const bool restart = GENERATE(false, true);
  if (restart) reopen();
  write(sample(interface("eth0"), 3'600, 2, 777'000, 0));
  CHECK(amount("eth0", always_from, always_to) == 1'000 + 777'000);
  CHECK(amount("wan0", always_from, always_to) == 1'000);
  for (int i = 1; i < 20; ++i) write(sample(interface(i % 2 ? "wan0" : "eth0"), 3'600 + i, 2, 777'000, 0));
  CHECK(amount("eth0", always_from, always_to) == 1'000 + 777'000);
  CHECK(value("SELECT count(*) FROM life") <= 4);
}

TEST_CASE_METHOD(HistoryFixture, "an edge within a coarse bucket loses nothing of a long pause") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  for (int minute = 1; minute < 180; ++minute) REQUIRE(writer->upkeep(at(minute * 60)).is_ok());
  write(sample(eth0, 3 * 3'600, 1, 1'080'000, 0));
  for (const int hours : {3, 5}) {
    REQUIRE(writer->upkeep(at(hours * 3'600)).is_ok());
    CHECK(amount("eth0", always_from, always_to) == 1'080'000);
    CHECK(amount("eth0", at(0), at(67 * 60)) + amount("eth0", at(67 * 60), at(4 * 3'600)) == 1'080'000);
  }
}

TEST_CASE_METHOD(HistoryFixture, "a measurement that grows gets columns, and keeps what it had") {
  const auto made = [](std::vector<FieldSpec> fields) {
    return make_series("udp", make_measurement("app", "", std::move(fields), {"id"}), {{"id", "1"}});
  };
  const SeriesPtr small = made({{"a", Kind::counter, "", ""}});
  const SeriesPtr large =
      made({{"b", Kind::counter, "", ""}, {"g", Kind::gauge, "", ""}, {"a", Kind::counter, "", ""}});
  write(Sample{small, at(0), 1, false, false, {10}});
  write(Sample{large, at(10), 1, false, false, {100, 4.5, 15}});
  write(Sample{small, at(20), 1, false, false, {16}});
  write(Sample{large, at(30), 1, false, false, {103, 5.5, 20}});
  reopen();
  write(Sample{large, at(40), 1, false, false, {104, 5.5, 21}});
  const auto fields = sums({always_from, always_to}, "app").front().fields;
  REQUIRE(fields.size() == 3);
  CHECK(fields[0].amount == 11);
  CHECK(fields[1].amount == 4);
  CHECK(fields[2].count == 3);
  const Batch clash = {{made({{"a", Kind::gauge, "", ""}}), at(50), 1, false, false, {1}}};
  const WriteResult result = writer->append(clash, at(50));
  CHECK(result.rejected.size() == 1);
  CHECK(result.reject_reason == "field 'a' of 'app' is a counter in this history and not a gauge");
}

TEST_CASE_METHOD(HistoryFixture, "attributes follow the thing, and are no identity") {
  write(sample(interface("eth0", {{"primary", "yes"}}), 0, 1, 10, 0));
  write(sample(interface("eth0", {{"name", "Anna's \"phone\"\n\x01\xff"}}), 10, 1, 15, 0));
  const auto series = reader().series("interface");
  REQUIRE(series.has_value());
  REQUIRE(series->size() == 1);
  CHECK(!series->front().tag("primary"));
  CHECK(series->front().tag("name") == "Anna's \"phone\"\n\x01\xef\xbf\xbd");
  CHECK(amount("eth0", always_from, always_to) == 5);
}

TEST_CASE_METHOD(HistoryFixture, "years between two samples make few rows, and the sum is exact") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  const double years = 20.0 * 365 * 86'400;
  write(sample(eth0, years, 1, 1'000'000'007, 0));
  CHECK(amount("eth0", always_from, always_to) == 1'000'000'007);
  CHECK(value("SELECT (SELECT count(*) FROM interface_1m) + (SELECT count(*) FROM interface_15m)") < 1'000);
}

TEST_CASE_METHOD(HistoryFixture, "stamps far in the future or the past are bounded too") {
  const SeriesPtr eth0 = interface("eth0");
  write({sample(eth0, 0, 1, 0, 0)}, at(0));
  write({sample(eth0, 1e9, 1, 500, 0)}, at(10));
  write({sample(eth0, -1e9, 1, 700, 0)}, at(20));
  write({sample(eth0, 30, 1, 800, 0)}, at(30));
  CHECK(amount("eth0", always_from, always_to) == 800);
  CHECK(value("SELECT count(*) FROM interface_1m") < 3'000);
}

}  // namespace trafficd::history
