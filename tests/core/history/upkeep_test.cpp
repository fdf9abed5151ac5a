#include <random>

#include "history_fixture.hpp"

namespace trafficd::history {

namespace {
constexpr double day = 86'400;
}

TEST_CASE("tiers that would make a local day inexact are refused") {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  CHECK(check_tiers(default_tiers()).empty());
  CHECK(check_tiers({{minutes(5), hours(24)}}).empty());
  CHECK(check_tiers({{seconds(1), hours(1)}, {seconds(5), hours(1)}, {minutes(15), hours(10)}}).empty());
  CHECK(check_tiers({}).find("at least one tier") != std::string::npos);
  CHECK(check_tiers({{minutes(30), hours(24)}}).find("does not divide 15m") != std::string::npos);
  CHECK(check_tiers({{minutes(4), hours(24)}}).find("does not divide 15m") != std::string::npos);
  CHECK(check_tiers({{std::chrono::milliseconds(500), hours(24)}}).find("does not divide") != std::string::npos);
  CHECK(check_tiers({{minutes(3), hours(2)}, {minutes(5), hours(2)}}).find("multiple of the one before") !=
        std::string::npos);
  CHECK(check_tiers({{minutes(15), hours(2)}, {minutes(1), hours(2)}}).find("finest first") != std::string::npos);
  CHECK(check_tiers({{minutes(1), hours(5)}, {minutes(15), hours(2)}}).find("must not be shorter") !=
        std::string::npos);
  CHECK(check_tiers({{minutes(1), minutes(5)}}).find("at least 1h") != std::string::npos);
}

TEST_CASE("pieces of a span: their parts sum up, whatever the span") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 500; ++i) {
    const double from = std::uniform_real_distribution<double>(0, 1e6)(random);
    const double length = std::exp(std::uniform_real_distribution<double>(-5, 16)(random));
    std::vector<Piece> pieces;
    append_pieces(pieces, at(from), at(from + length), 0, 60, 50);
    std::int64_t sum = 0;
    for (std::size_t p = 0; p < pieces.size(); ++p) {
      sum += pieces[p].part;
      CHECK(pieces[p].start % 60 == 0);
      CHECK(pieces[p].part > 0);
      if (p > 0) CHECK(pieces[p].start > pieces[p - 1].start);
    }
    CHECK(sum == (at(from + length) - at(from)).count());
    CHECK(pieces.size() <= 50);
  }
}

TEST_CASE("a span of nothing lies in the bucket before the moment") {
  std::vector<Piece> pieces;
  append_pieces(pieces, at(60), at(60), 0, 60, 50);
  REQUIRE(pieces.size() == 1);
  CHECK(pieces[0].start == base);
}

TEST_CASE_METHOD(HistoryFixture, "closed buckets are rolled up, and no sum changes by it") {
  const SeriesPtr eth0 = interface("eth0");
  for (int i = 0; i <= 200; ++i) write(sample(eth0, i * 20, 1, static_cast<std::uint64_t>(i) * 1'001, 0, false, i % 7));
  const std::int64_t mark = value("SELECT mark FROM tier WHERE bucket=900");
  CHECK(mark > base + 1'800);
  CHECK(value("SELECT count(*) FROM interface_15m") > 0);
  CHECK(amount("eth0", always_from, always_to) == 200'200);
  for (int quarter = 0; quarter < 4; ++quarter) {
    const std::int64_t coarse = amount("eth0", at(quarter * 900), at(quarter * 900 + 900));
    std::int64_t fine = 0;
    for (int minute = 0; minute < 15; ++minute)
      fine += amount("eth0", at(quarter * 900 + minute * 60), at(quarter * 900 + minute * 60 + 60));
    CHECK(coarse == fine);
    CHECK(coarse == 45'045);
  }
  const std::vector<SumRow> rolled = sums({at(0), at(900)});
  const std::vector<SumRow> minutes = sums({at(0), at(60), at(900)});
  REQUIRE(minutes.size() == 2);
  FieldSum sum = minutes[0].fields[2];
  sum.add(minutes[1].fields[2], Kind::gauge);
  CHECK(rolled[0].fields[2].count == sum.count);
  CHECK(rolled[0].fields[2].sum == sum.sum);
  CHECK(rolled[0].fields[2].min == sum.min);
  CHECK(rolled[0].fields[2].max == sum.max);
  CHECK(rolled[0].fields[2].last == sum.last);
}

TEST_CASE_METHOD(HistoryFixture, "a late sample is added on both sides of the mark") {
  const SeriesPtr eth0 = interface("eth0"), late = interface("late");
  write({sample(eth0, 0, 1, 0, 0), sample(late, 0, 2, 0, 0)}, at(0));
  write({sample(eth0, 4'000, 1, 100, 0)}, at(4'000));
  write({sample(late, 60, 2, 33, 0)}, at(4'010));
  CHECK(amount("late", at(0), at(900)) == 33);
  CHECK(amount("late", at(0), at(60)) == 33);
  CHECK(amount("late", always_from, always_to) == 33);
}

TEST_CASE_METHOD(HistoryFixture, "any day of any zone is exact, before and after the roll-up") {
  const SeriesPtr eth0 = interface("eth0");
  // A byte a second for three days.
  Batch batch;
  for (int i = 0; i <= 3 * 86'400; i += 60) batch.push_back(sample(eth0, i, 1, static_cast<std::uint64_t>(i), 0));
  for (std::size_t i = 0; i < batch.size(); i += 100)
    write(Batch(batch.begin() + static_cast<std::ptrdiff_t>(i),
                batch.begin() + static_cast<std::ptrdiff_t>(std::min(i + 100, batch.size()))),
          batch[std::min(i + 99, batch.size() - 1)].time);
  for (const char* name :
       {"UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham", "America/St_Johns"}) {
    const auto zone = Zone::find(name);
    REQUIRE(zone.has_value());
    const Period whole = period_of(at(day + 7'200), Unit::day, *zone);
    INFO(name);
    CHECK(amount("eth0", whole.from, whole.to) == 86'400);
  }
}

TEST_CASE_METHOD(HistoryFixture, "old rows expire by tier, in steps, and the coarse ones answer for them") {
  settings.tiers = {{std::chrono::minutes(1), std::chrono::hours(2)},
                    {std::chrono::minutes(15), std::chrono::hours(24)}};
  reopen();
  const SeriesPtr eth0 = interface("eth0");
  for (int i = 0; i <= 36 * 60; ++i) write(sample(eth0, i * 60, 1, static_cast<std::uint64_t>(i) * 10, 0));
  const double now = 36 * 3'600;
  CHECK(value("SELECT min(unix) FROM interface_by_minute") >= base + static_cast<std::int64_t>(now) - 7'200 - 900);
  CHECK(value("SELECT min(unix) FROM interface_by_quarter") >= base + static_cast<std::int64_t>(now) - 86'400 - 900);
  // Ten hours ago only the coarse rows are left; asked at the edge of a minute they still answer.
  CHECK(amount("eth0", at(now - 36'000), at(now - 32'400)) == 600);
  CHECK(amount("eth0", at(now - 36'000), at(now - 60)) == 5'990);
  const auto grain = reader().grain(at(now - 36'000));
  REQUIRE(grain.has_value());
  CHECK(*grain == std::chrono::minutes(15));
  CHECK(*reader().grain(at(now - 600)) == std::chrono::minutes(1));
}

TEST_CASE_METHOD(HistoryFixture, "a clock that jumps ahead does not expire anything at once") {
  const SeriesPtr eth0 = interface("eth0");
  for (int i = 0; i < 100; ++i) write(sample(eth0, i * 60, 1, static_cast<std::uint64_t>(i) * 10, 0));
  const double century = 100 * 365 * day;
  write({sample(eth0, 6'000, 1, 1'000, 0)}, at(century));
  write({sample(eth0, 6'060, 1, 1'010, 0)}, at(century + 120));
  CHECK(amount("eth0", always_from, always_to) == 1'010);
  write({sample(eth0, 6'120, 1, 1'020, 0)}, at(6'120));
  CHECK(amount("eth0", always_from, always_to) == 1'020);
}

TEST_CASE_METHOD(HistoryFixture, "other tiers for the same history keep every sum") {
  const SeriesPtr eth0 = interface("eth0");
  for (int i = 0; i <= 100; ++i) write(sample(eth0, i * 60, 1, static_cast<std::uint64_t>(i) * 10, 0));
  settings.tiers = {{std::chrono::minutes(5), std::chrono::hours(24)},
                    {std::chrono::minutes(15), std::chrono::hours(240)}};
  reopen();
  write(sample(eth0, 6'060, 1, 1'010, 0));
  CHECK(amount("eth0", always_from, always_to) == 1'010);
  for (int i = 102; i <= 200; ++i) write(sample(eth0, i * 60, 1, static_cast<std::uint64_t>(i) * 10, 0));
  CHECK(amount("eth0", always_from, always_to) == 2'000);
  CHECK(amount("eth0", at(9'000), at(9'900)) == 150);
  CHECK(value("SELECT count(*) FROM sqlite_master WHERE name='interface_1m'") == 0);

  settings.tiers = {{std::chrono::minutes(1), std::chrono::hours(24)},
                    {std::chrono::minutes(5), std::chrono::hours(240)}};
  reopen();
  const Status refused = writer->open(at(12'000));
  CHECK(refused.code() == Status::Code::fatal);
  CHECK(refused.message().find("keep the bucket 15m") != std::string::npos);
}

TEST_CASE_METHOD(HistoryFixture, "other tiers keep what a clock that was ahead has booked into the future") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  const double ahead = 3 * 365 * day;
  write({sample(eth0, ahead, 1, 600, 0)}, at(ahead));
  write({sample(eth0, 60, 1, 610, 0)}, at(60));
  write({sample(eth0, ahead + 60, 1, 640, 0)}, at(120));
  settings.tiers = {{std::chrono::minutes(5), std::chrono::hours(24)},
                    {std::chrono::minutes(15), std::chrono::hours(240)}};
  reopen();
  write({sample(eth0, ahead + 120, 1, 700, 0)}, at(180));
  CHECK(amount("eth0", always_from, always_to) == 700);
}

TEST_CASE_METHOD(HistoryFixture, "one tier alone works") {
  settings.tiers = {{std::chrono::minutes(15), std::chrono::hours(24 * 365)}};
  reopen();
  const SeriesPtr eth0 = interface("eth0");
  for (int i = 0; i <= 100; ++i) write(sample(eth0, i * 60, 1, static_cast<std::uint64_t>(i) * 10, 0));
  CHECK(amount("eth0", at(900), at(1'800)) == 150);
  CHECK(amount("eth0", always_from, always_to) == 1'000);
}

}  // namespace trafficd::history
