// The spool as a queue: what goes in comes out, once and in order, over restarts and kills.

#include <limits>

#include "engine/spool/block.hpp"
#include "spool_fixture.hpp"
#include "trafficd/calendar.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

namespace {

MeasurementPtr traffic() {
  static const MeasurementPtr measurement = make_measurement(
      "traffic", "Test bytes.",
      {{"bytes", Kind::counter, "By", "Bytes."}, {"level", Kind::gauge, "1", "Level."}, {"n", Kind::delta, "1", ""}},
      {"link"});
  return measurement;
}

SeriesPtr link(const std::string& name, CounterTraits traits = {}) {
  return make_series("lan", traffic(), {{"link", name}}, {{"site", "home, sweet = home;"}}, traits);
}

/// `count` samples of one series, a second apart.
Batch row(int from, int count, const SeriesPtr& series = link("a")) {
  Batch batch;
  for (int i = from; i < from + count; ++i) batch.push_back({series, at(i), 7, true, false, {i, 1.5, Value()}});
  return batch;
}

std::vector<std::int64_t> seconds(const Batch& batch) {
  std::vector<std::int64_t> stamps;
  for (const Sample& sample : batch) stamps.push_back(sample.time.time_since_epoch() / 1s);
  return stamps;
}

std::vector<std::int64_t> numbers(std::int64_t from, std::int64_t to) {
  std::vector<std::int64_t> all;
  for (; from < to; ++from) all.push_back(from);
  return all;
}

}  // namespace

TEST_CASE_METHOD(SpoolFixture,
                 "a spool makes nothing on disk before it is needed, and leaves no file when it is empty") {
  CHECK(spool->empty());
  CHECK(front().empty());
  CHECK(folder.empty());
  CHECK(append(row(0, 10)).samples == 10);
  CHECK_FALSE(spool->empty());
  CHECK(meter.gauge("spool_bytes") == static_cast<std::int64_t>(bytes_on_disk()));
  CHECK(bytes_on_disk() > 0);
  CHECK(drain().size() == 10);
  CHECK(spool->empty());
  CHECK(files().empty());
  CHECK(meter.gauge("spool_bytes") == 0);
}

TEST_CASE_METHOD(SpoolFixture, "everything that a sample has comes back") {
  const SeriesPtr plain = link("a"), odd = link("µ \\ \n\x1b", {32, 125'000'000});
  const auto undeclared = make_measurement("made_on_the_fly", "", {{"x", Kind::gauge, "", ""}}, {});
  Batch batch = {
      {plain, at(-5), 0, false, false, {0, -0.25, std::numeric_limits<std::uint64_t>::max()}},
      {plain, at(5), 0xffffffffffffffff, true, false, {Value(), Value(), Value()}},
      {odd, Timestamp(Duration(123)), 1, false, true, {1, std::numeric_limits<double>::denorm_min(), 2}},
      {odd, Timestamp::max(), 2, true, true, {1, std::int64_t{-7}, 2}},
      {make_series("udp", undeclared, {}), at(9), 3, false, false, {Value(1e300)}},
  };
  REQUIRE(append(batch).samples == batch.size());
  SECTION("at once") {}
  SECTION("after a restart, with nobody who declares them") { reopen(); }
  SECTION("after a restart, declared") {
    reopen();
    spool->learn(traffic());
  }
  const Batch got = drain();
  REQUIRE(lines_of(got) == lines_of(batch));
  CHECK(got[0].series == got[1].series);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto shown = [](const Sample& s) { return s.series->measurement().field("bytes"); };
    if (!batch[i].values[0].absent() && shown(batch[i])) CHECK(got[i].values[*shown(got[i])] == batch[i].values[0]);
  }
  CHECK(damaged() == 0);
}

TEST_CASE_METHOD(SpoolFixture,
                 "a declared measurement comes back with its units; one that is not has the fields of its "
                 "lines") {
  append(row(0, 1));
  append({{link("a"), at(1), 7, false, false, {Value(), Value(), 4}}});
  reopen();
  SECTION("declared") {
    spool->learn(traffic());
    const Batch got = drain();
    REQUIRE(got.size() == 2);
    CHECK(got[0].series->measurement_ptr() == traffic());
    CHECK(got[1].values == std::vector<Value>{Value(), Value(), 4});
  }
  SECTION("not declared any more") {
    const Batch got = drain();
    REQUIRE(got.size() == 2);
    CHECK(got[0].series->measurement().fields().size() == 2);
    CHECK(got[1].series->measurement().fields().size() == 3);  // those that were seen so far
    CHECK(got[1].values == std::vector<Value>{Value(), Value(), 4});
  }
  SECTION("declared with another kind: the line is right about itself") {
    spool->learn(make_measurement("traffic", "", {{"bytes", Kind::gauge, "By", ""}}, {"link"}));
    const Batch got = drain();
    REQUIRE(got.size() == 2);
    CHECK(got[0].series->measurement().fields()[0].kind == Kind::counter);
    CHECK(damaged() == 0);
  }
}

TEST_CASE_METHOD(SpoolFixture, "samples come out once, in order, in batches of about the asked size") {
  for (int i = 0; i < 40; ++i) append(row(i * 50, 50));
  std::vector<std::int64_t> got;
  for (Batch batch = front(120); !batch.empty(); batch = front(120)) {
    CHECK((batch.size() >= 120 || got.size() + batch.size() == 2'000));
    CHECK(batch.size() < 120 + 50);
    CHECK(front(120).size() == batch.size());  // looking delivers nothing
    for (std::int64_t second : seconds(batch)) got.push_back(second);
    spool->advance(batch.size());
  }
  CHECK(got == numbers(0, 2'000));
}

TEST_CASE_METHOD(SpoolFixture, "what was delivered in part goes on where it stopped, also when more comes meanwhile") {
  append(row(0, 100));
  append(row(100, 100));
  CHECK(front(1).size() == 100);
  spool->advance(30);
  CHECK(seconds(front(1)) == numbers(30, 100));
  append(row(200, 100));
  CHECK(seconds(front(1)) == numbers(30, 100));
  CHECK(seconds(front(71)) == numbers(30, 200));
  spool->advance(75);
  append(row(300, 1));
  CHECK(seconds(drain()) == numbers(105, 301));
}

TEST_CASE_METHOD(SpoolFixture, "a restart goes on with the first block that was not delivered") {
  for (int i = 0; i < 5; ++i) append(row(i * 10, 10));
  front(1);
  spool->advance(10);
  front(1);
  spool->advance(7);  // a part of a block is not remembered: it comes again
  reopen();
  append(row(50, 10));
  CHECK(seconds(drain()) == numbers(10, 60));
  CHECK(log.contains(Level::info, "from before"));
}

TEST_CASE_METHOD(SpoolFixture, "many short lives of the daemon do not leave many files") {
  for (int i = 0; i < 200; ++i) {
    append(row(i, 1));
    reopen();
  }
  CHECK(files().size() == 1);
  CHECK(seconds(drain()) == numbers(0, 200));
}

TEST_CASE_METHOD(SpoolFixture,
                 "a kill between any two operations costs nothing, and repeats at most what was in hands") {
  int pushed = 0, delivered = 0, copies = 0;
  const auto check_copy = [&] {
    const auto copy = folder.path() / concat("copy", copies++);
    if (std::filesystem::exists(path)) std::filesystem::copy(path, copy);
    SpoolFixture other;
    other.reopen(copy);
    const auto got = seconds(other.drain(7));
    REQUIRE(static_cast<int>(got.size()) >= pushed - delivered);
    REQUIRE(got == numbers(pushed - static_cast<int>(got.size()), pushed));
    REQUIRE(static_cast<int>(got.size()) - (pushed - delivered) < 20);  // less than a block
    REQUIRE(other.damaged() == 0);
    std::filesystem::remove_all(copy);
  };
  for (int round = 0; round < 60; ++round) {
    append(row(pushed, 20));
    pushed += 20;
    check_copy();
    const auto taken = std::min<std::size_t>(front(15).size(), static_cast<std::size_t>(round % 30 + 5));
    spool->advance(taken);
    delivered += static_cast<int>(taken);
    check_copy();
    if (round % 10 == 0) spool->sync();
  }
}

TEST_CASE_METHOD(SpoolFixture, "what a merge that was cut short left over is taken away; foreign files stay") {
  append(row(0, 10));
  const auto first = *files().begin();
  REQUIRE(first == "0000000001-0000000001.seg");
  // A merge of 1 to 3 was written, and the kill came before what it covers was removed.
  std::filesystem::copy(path / first, path / "0000000001-0000000003.seg");
  std::filesystem::copy(path / first, path / "0000000002-0000000003.seg");
  write_file(path / "0000000003-0000000003.seg", "old");
  write_file(path / "0000000004-0000000009.seg.tmp", "not finished");
  write_file(path / "notes.txt", "mine");
  write_file(path / "0000000009-0000000001.seg", "no segment at all");
  reopen();
  CHECK(seconds(front()) == numbers(0, 10));
  CHECK(files() ==
        std::set<std::filesystem::path>{"0000000001-0000000003.seg", "notes.txt", "0000000009-0000000001.seg"});
  append(row(10, 10));
  CHECK(seconds(drain()) == numbers(0, 20));
  append(row(20, 10));
  CHECK(files().contains("0000000004-0000000004.seg"));
}

TEST_CASE_METHOD(SpoolFixture, "what waits for longer than max_age is dropped and counted, however old it was") {
  settings.max_age = 1h;
  reopen();
  append(row(0, 5));
  append(row(5, 5));
  clock.advance(10s);
  append(row(10, 10));
  append({{link("b"), Timestamp::max(), 7, true, false, {1, 1.5, Value()}}});
  clock.advance(3'595s);
  append(row(20, 10));
  Batch got = drain();
  REQUIRE(got.size() == 21);
  CHECK(got.front().time == at(10));
  CHECK(lost("spool_expired").samples == 10);
  CHECK(lost("spool_expired").last == at(9));
  CHECK(log.contains(Level::warning, concat("10 samples from ", format_utc(at(0)), " to ", format_utc(at(9)),
                                            " waited in the spool for longer than")));
  append({{link("b"), Timestamp::max(), 7, true, false, {1, 1.5, Value()}}});
  clock.advance(2h);
  CHECK(drain().empty());
}

TEST_CASE_METHOD(SpoolFixture, "a sync is due once a second at most, and not for what was delivered before") {
  CHECK_FALSE(spool->sync_due());
  append(row(0, 10));
  REQUIRE(spool->sync_due());
  CHECK(*spool->sync_due() <= clock.steady());
  spool->sync();
  CHECK_FALSE(spool->sync_due());
  append(row(10, 10));
  CHECK(*spool->sync_due() == clock.steady() + 1s);
  drain();
  CHECK_FALSE(spool->sync_due());
}

TEST_CASE_METHOD(SpoolFixture, "with mode always, what just came in is not read back from the disk") {
  settings.mode = SpoolSettings::Mode::always;
  reopen();
  const Spool::Item batch = std::make_shared<const Batch>(row(0, 100));
  REQUIRE(spool->append({&batch, 1}).samples == 100);
  CHECK(spool->front(1'000).value() == batch);
  spool->advance(40);
  CHECK(seconds(front()) == numbers(40, 100));
  append(row(100, 10));
  CHECK(seconds(drain()) == numbers(40, 110));
  CHECK(files().empty());
}

TEST_CASE_METHOD(SpoolFixture, "a folder that cannot be read stops nothing, and the spool works once it can be") {
  write_file(path, "a file in its place");
  CHECK(spool->empty());
  CHECK(front().empty());
  const Spool::Appended refused = append(row(0, 10));
  CHECK(refused.samples == 0);
  CHECK(refused.status.code() == Status::Code::retry);
  INFO(refused.status.message());
  CHECK(refused.status.message().find("move away what stands in its place") != std::string::npos);
  CHECK(log.count(Level::error) == 1);
  std::filesystem::remove(path);
  CHECK(append(row(0, 10)).samples == 10);
  CHECK(seconds(drain()) == numbers(0, 10));
}

TEST_CASE("blocks: what does not become smaller is stored as it is") {
  const auto tiny = make_measurement("m", "", {}, {});
  spool::Packer packer(1'000, 30s, spool::Packer::Effort::little);
  std::string bytes;
  CHECK_FALSE(packer.add({make_series("i", tiny, {}), at(1), 0, false, false, {}}, at(2), bytes));
  packer.finish(bytes);
  packer.finish(bytes);  // nothing more
  spool::Scanner scanner(bytes);
  const auto piece = scanner.next();
  REQUIRE(piece);
  CHECK(piece->whole);
  CHECK(piece->info.samples == 1);
  CHECK(piece->info.grain == 30s);
  CHECK(piece->info.since == at(2));
  CHECK(piece->info.stored_size == piece->info.raw_size);
  CHECK(spool::unpack(*piece) == std::string("i/m - 1000000000 -\n"));
  CHECK_FALSE(scanner.next());
}
