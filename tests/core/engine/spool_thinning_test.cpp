// A spool over its bound: it stays below it, and gives up detail before it gives up totals.

#include <random>

#include "spool_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

namespace {

MeasurementPtr counters() {
  static const MeasurementPtr measurement = make_measurement(
      "port", "", {{"rx", Kind::counter, "By", ""}, {"tx", Kind::counter, "By", ""}, {"load", Kind::gauge, "1", ""}},
      {"port"});
  return measurement;
}

/// Series whose counters grow at random. What is pushed is also told to a holder that sees everything.
struct ThinningFixture : SpoolFixture {
  std::mt19937 random{7};
  Holder full;
  std::vector<SeriesPtr> series;
  std::vector<std::uint64_t> rx, tx;
  std::size_t pushed = 0;
  std::int64_t second = 1'700'000'000;

  void make_series_of(std::size_t count, const MeasurementPtr& measurement = counters(), CounterTraits traits = {}) {
    for (std::size_t i = 0; i < count; ++i) {
      series.push_back(make_series("lan", measurement, {{"port", std::to_string(i)}}, {}, traits));
      rx.push_back(random() % 1'000'000'000);
      tx.push_back(random() % 1'000'000'000);
    }
  }
  Sample next(std::size_t i, std::uint64_t epoch) {
    rx[i] += random() % 100'000;
    tx[i] += random() % 1'000;
    return {series[i], at(second), epoch, false, false, {rx[i], tx[i], random() % 100}};
  }
  /// One reading of all of them.
  Batch tick(std::uint64_t life = 1) {
    second += 10;
    Batch batch;
    for (std::size_t i = 0; i < series.size(); ++i) batch.push_back(next(i, life * 1'000'000 + i));
    return batch;
  }
  void push(const Batch& batch) {
    full.take(batch);
    pushed += batch.size();
    const auto appended = append(batch);
    INFO(appended.status.message());
    REQUIRE(appended.samples == batch.size());
    const std::uint64_t bytes = bytes_on_disk();
    REQUIRE(bytes <= settings.max_size.bytes);
    REQUIRE(meter.gauge("spool_bytes") == static_cast<std::int64_t>(bytes));
  }
  /// So many readings, appended ten at a time.
  void push_ticks(std::size_t ticks, std::uint64_t life = 1) {
    Batch batch;
    for (std::size_t i = 1; i <= ticks; ++i) {
      const Batch one = tick(life);
      batch.insert(batch.end(), one.begin(), one.end());
      if (i % 10 != 0 && i != ticks) continue;
      push(batch);
      batch.clear();
    }
  }
  Batch drain_and_compare() {
    const Batch got = drain();
    Holder thin;
    thin.take(got);
    CHECK(thin.totals() == full.totals());
    CHECK(got.size() + lost("spool_thinned").samples == pushed);
    CHECK(lost("spool_full").samples == 0);
    return got;
  }
};

void expect_order(const Batch& got) { CHECK(std::ranges::is_sorted(got, {}, &Sample::time)); }

}  // namespace

TEST_CASE_METHOD(ThinningFixture,
                 "sixty series: the cap holds at all times, totals stay, the oldest are the coarsest") {
  make_series_of(60);
  push_ticks(1'500);
  const Batch got = drain_and_compare();
  expect_order(got);
  REQUIRE(got.size() < pushed * 2 / 3);
  std::vector<Timestamp> stamps;
  for (const Sample& sample : got)
    if (*sample.series->tag("port") == "7") stamps.push_back(sample.time);
  REQUIRE(stamps.size() > 100);
  CHECK(stamps.front() == at(1'700'000'010));
  CHECK(stamps[2] - stamps[1] >= 30s);
  CHECK(stamps.back() - stamps[stamps.size() - 2] == 10s);
  const auto thinned = lost("spool_thinned");
  CHECK(thinned.first > at(1'700'000'010));
  CHECK(thinned.first < at(1'700'000'100));
  CHECK(thinned.last < at(second));
}

TEST_CASE_METHOD(ThinningFixture, "ten thousand series in one megabyte: all totals are there") {
  make_series_of(10'000);
  push_ticks(8);
  const Batch got = drain_and_compare();
  expect_order(got);
  CHECK(got.size() >= 20'000);
}

TEST_CASE_METHOD(ThinningFixture, "lives that end, begin and pause keep their totals") {
  make_series_of(50);
  push_ticks(400, 1);
  push_ticks(10, 2);  // a short life
  second += 5 * 24 * 3'600;
  push_ticks(400, 3);
  // One that is born under the input's eyes, and one that takes over something that counted before.
  make_series_of(2);
  for (int i = 0; i < 300; ++i) {
    Batch batch = tick(4);
    batch[50].born = true;
    batch[51].mark_only = i == 0;
    push(batch);
  }
  series.resize(20);
  push_ticks(800, 4);
  const Batch got = drain_and_compare();
  expect_order(got);
  const auto marks = [](const Sample& s) { return s.mark_only; };
  CHECK(std::ranges::count_if(got, marks) == 1);
}

TEST_CASE_METHOD(ThinningFixture, "what grew after a pause is not laid over the pause") {
  make_series_of(60);
  push_ticks(300);
  const std::int64_t before = second;
  second += 30 * 24 * 3'600;
  push_ticks(1'000);
  std::map<std::string, Timestamp> first_behind;
  for (const Sample& sample : drain_and_compare())
    if (sample.time > at(before + 100)) first_behind.try_emplace(std::string(*sample.series->tag("port")), sample.time);
  CHECK(first_behind.size() == 60);
  for (const auto& [port, time] : first_behind) CHECK(time == at(before + 30 * 24 * 3'600 + 10));
}

TEST_CASE_METHOD(ThinningFixture, "counters that wrap or restart without a name for their lives keep their totals") {
  const auto narrow = GENERATE(false, true);
  make_series_of(40, counters(), narrow ? CounterTraits{32, 12'500'000} : CounterTraits{64, 12'500'000});
  for (int i = 0; i < 1'800; ++i) {
    Batch batch = tick();
    for (std::size_t s = 0; s < batch.size(); ++s) {
      if (narrow && s % 2 == 0) rx[s] += 100'000'000;  // wraps every few minutes
      if (!narrow && random() % 50 == 0) rx[s] = tx[s] = random() % 1'000;
      batch[s].epoch = 0;
      batch[s].values[0] = narrow ? rx[s] & 0xffffffff : rx[s];
      batch[s].values[1] = tx[s];
    }
    if (random() % 100 == 0) batch[3].values[0] = batch[3].values[1] = 0;  // one wrong reading
    push(batch);
  }
  expect_order(drain_and_compare());
  CHECK(lost("spool_thinned").samples > pushed / 10);
}

TEST_CASE_METHOD(ThinningFixture, "deltas are added up, none is lost") {
  const auto clicks = make_measurement("clicks", "", {{"n", Kind::delta, "1", ""}}, {"port"});
  make_series_of(60, clicks);
  std::uint64_t given = 0;
  for (int i = 0; i < 3'000; ++i) {
    second += 10;
    Batch batch;
    for (const SeriesPtr& each : series) {
      const std::uint64_t n = random() % 1'000'000;
      given += n;
      batch.push_back({each, at(second), 5, false, false, {n}});
    }
    push(batch);
  }
  std::uint64_t taken = 0;
  const Batch got = drain();
  for (const Sample& sample : got) taken += sample.values[0].as_unsigned();
  CHECK(taken == given);
  CHECK(lost("spool_thinned").samples > pushed / 10);
  expect_order(got);
}

TEST_CASE_METHOD(ThinningFixture, "more lives than there is room for: the oldest are lost, counted with their range") {
  for (int i = 0; i < 24; ++i) {
    series.clear();
    make_series_of(2'000);
    push_ticks(1, static_cast<std::uint64_t>(i) + 1);
  }
  const Batch got = drain();
  const auto full_loss = lost("spool_full");
  CHECK(full_loss.samples > 0);
  CHECK(got.size() + full_loss.samples + lost("spool_thinned").samples == pushed);
  CHECK(full_loss.first == at(1'700'000'010));
  CHECK(full_loss.last <= got.front().time);
  CHECK(log.contains(Level::error, "give it a bigger 'max_size'"));
}

TEST_CASE_METHOD(ThinningFixture, "the cap holds after a restart too, also a smaller one") {
  settings.max_size = ByteSize{2 << 20};
  reopen();
  make_series_of(60);
  push_ticks(1'200);
  REQUIRE(bytes_on_disk() > (1 << 20));
  SECTION("the same") {
    reopen();
    push_ticks(800);
  }
  SECTION("smaller, and delivery comes first") {
    settings.max_size = ByteSize{1 << 20};
    const std::size_t before = lost("spool_thinned").samples;
    reopen();
    CHECK_FALSE(spool->empty());
    CHECK_FALSE(front().empty());
    CHECK(spool->over_cap());
    CHECK(lost("spool_thinned").samples == before);
    SECTION("no more comes") {
      CHECK(spool->shrink(false));
      CHECK(bytes_on_disk() <= (1 << 20));
      CHECK_FALSE(spool->over_cap());
    }
    SECTION("more comes") { push_ticks(300); }
  }
  expect_order(drain_and_compare());
}

TEST_CASE_METHOD(ThinningFixture, "thinning that is interrupted at any point by a restart or by delivery goes on") {
  make_series_of(60);
  Holder thin;
  std::size_t delivered = 0;
  Timestamp last;
  for (int round = 0; round < 80; ++round) {
    push_ticks(20);
    if (round % 3 == 1) {
      reopen();
      last = {};  // a restart may repeat a part of a block
    }
    if (round % 2 == 1) {
      const Batch got = front(150);
      const std::size_t taken = std::min<std::size_t>(got.size(), 1 + static_cast<std::size_t>(round) * 7 % 150);
      spool->advance(taken);
      thin.take(std::span(got).first(taken));
      delivered += taken;
      CHECK(got.front().time >= last);
      last = got[taken - 1].time;
    }
  }
  const Batch rest = drain();
  thin.take(rest);
  expect_order(rest);
  CHECK(thin.totals() == full.totals());
  CHECK(delivered + rest.size() + lost("spool_thinned").samples >= pushed);
  CHECK(lost("spool_full").samples == 0);
}

TEST_CASE_METHOD(ThinningFixture, "a kill at any point of the thinning costs nothing") {
  make_series_of(60);
  while (bytes_on_disk() < settings.max_size.bytes * 14 / 16) push_ticks(10);
  for (int round = 0; round < 8; ++round) {
    push_ticks(10);
    const auto copy = folder.path() / concat("copy", round);
    std::filesystem::copy(path, copy);
    ThinningFixture other;
    other.reopen(copy);
    Holder thin;
    thin.take(other.drain());
    REQUIRE(thin.totals() == full.totals());
    std::filesystem::remove_all(copy);
  }
  CHECK(lost("spool_thinned").samples > 0);
}

TEST_CASE_METHOD(ThinningFixture, "damage that thinning meets is counted once, and costs its block only") {
  make_series_of(60);
  push_ticks(300);
  spool.reset();
  const auto file = path / *files().begin();
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] ^= 1;
  write_file(file, bytes);
  reopen();
  push_ticks(900);
  CHECK(damaged() == 1);
  const Batch got = drain();
  CHECK(damaged() == 1);
  CHECK(got.size() + lost("spool_thinned").samples + lost("spool_damaged").samples == pushed);
  Holder thin;
  thin.take(got);
  CHECK(thin.totals() == full.totals());
}

TEST_CASE_METHOD(ThinningFixture, "in a hurry only what must be is thinned, and from the deadline on the oldest go") {
  make_series_of(60);
  std::size_t ticks = 0;
  for (; lost("spool_thinned").samples == 0; ticks += 10) push_ticks(10);
  while (bytes_on_disk() < settings.max_size.bytes * 14 / 16) push_ticks(10);
  SECTION("before the deadline") {
    spool->hurry(clock.steady() + 1h);
    while (bytes_on_disk() >= settings.max_size.bytes * 14 / 16) push_ticks(10);
    CHECK(bytes_on_disk() > settings.max_size.bytes * 3 / 4);
    drain_and_compare();
  }
  SECTION("after it") {
    spool->hurry(clock.steady());
    const std::size_t before = lost("spool_thinned").samples;
    push_ticks(100);
    CHECK(lost("spool_thinned").samples == before);
    CHECK(lost("spool_full").samples > 0);
    CHECK(drain().size() + before + lost("spool_full").samples == pushed);
  }
}

TEST_CASE_METHOD(ThinningFixture,
                 "where no grain would gain anything, a segment is read once, not once for each grain") {
  settings.max_size = ByteSize{64 << 20};
  reopen();
  for (std::uint64_t life = 1; life <= 40; ++life) {
    series.clear();
    make_series_of(1'000);
    push_ticks(1, life);
  }
  spool.reset();
  spool::Segments segments(path, 8 * 1024);
  REQUIRE(segments.open());
  spool::LineReader lines;
  spool::Losses losses(meter, log, clock);
  spool::Thinner thinner(segments, lines, losses, {8 * 1024, 4 * 1024});
  spool::Position position;
  std::size_t steps = 0;
  while (thinner.step(position, false).value()) ++steps;
  CHECK(segments.list().size() >= 3);
  CHECK(steps <= segments.list().size() + 1);
}

TEST_CASE_METHOD(ThinningFixture, "what was thinned has waited since it came") {
  settings.max_age = 1h;
  reopen();
  make_series_of(50);
  push_ticks(3'000);
  const Timestamp boundary = at(second);
  clock.advance(2h);
  push_ticks(1'000);
  REQUIRE(lost("spool_thinned").samples > 0);
  const Batch got = drain();
  CHECK(lost("spool_expired").samples > 0);
  CHECK(got.size() + lost("spool_thinned").samples + lost("spool_expired").samples == pushed);
  // A block may hold some of before.
  CHECK(got.front().time > boundary - 1h);
  CHECK(got.front().time <= boundary + 1h);
}
