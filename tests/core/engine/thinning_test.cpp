#include "engine/thinning.hpp"

#include <map>

#include "catch.hpp"
#include "engine_fixture.hpp"
#include "trafficd/counter.hpp"

using namespace trafficd;
using namespace trafficd::testing;

TEST_CASE("thinning keeps the newest sample of every series and epoch") {
  const SeriesPtr a = link("a"), b = link("b");
  Batch samples;
  for (int i = 0; i < 100; ++i) {
    samples.push_back(make_sample(a, i, static_cast<std::uint64_t>(i) * 10, i < 50 ? 1 : 2));
    if (i < 10) samples.push_back(make_sample(b, i, static_cast<std::uint64_t>(i)));
  }
  Given thinned, lost;
  thin(samples, 20, 20, thinned, lost);

  CHECK(samples.size() <= 20);
  CHECK(samples.size() + thinned.samples == 110);
  CHECK(lost.samples == 0);
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> newest;
  for (const Sample& s : samples) {
    auto& mark = newest[{std::string(*s.series->tag("link")), s.epoch}];
    CHECK(s.values[0].as_unsigned() >= mark);  // order is kept
    mark = s.values[0].as_unsigned();
  }
  CHECK(newest[{"a", 1}] == 490);
  CHECK(newest[{"a", 2}] == 990);
  CHECK(newest[{"b", 1}] == 9);
}

TEST_CASE("a sample that sets a mark is never thinned away") {
  const SeriesPtr a = link("a");
  Batch samples;
  for (int i = 0; i < 100; ++i) {
    samples.push_back(make_sample(a, i, 1));
    samples.back().mark_only = i == 0;
  }
  Given thinned, lost;
  thin(samples, 4, 4, thinned, lost);
  CHECK(samples.size() <= 4);
  CHECK(std::ranges::count_if(samples, [](const Sample& s) { return s.mark_only; }) == 1);
  CHECK(lost.samples == 0);
}

TEST_CASE("a mark that repeats what went before it, for a clock that was set, does not swallow that") {
  const SeriesPtr a = link("a");
  Batch samples{make_sample(a, 0, 1'000), make_sample(a, 40, 1'000), make_sample(a, 41, 1'300)};
  samples[0].born = samples[1].born = samples[2].born = true;
  samples[1].mark_only = true;
  Given thinned, lost;
  thin(samples, 2, 2, thinned, lost);
  REQUIRE(samples.size() == 2);
  CHECK(samples[0].born);
  CHECK_FALSE(samples[0].mark_only);
  CHECK(lost.samples == 0);
}

TEST_CASE("the oldest sample of a life stays while there is room: it may set the mark at the receiver") {
  const SeriesPtr a = link("a");
  Batch samples;
  for (int i = 0; i < 100; ++i) samples.push_back(make_sample(a, i, static_cast<std::uint64_t>(i), i < 30 ? 1 : 2));
  const Batch all = samples;
  Given thinned, lost;
  SECTION("room") {
    thin(samples, 10, 10, thinned, lost);
    CHECK(samples.front().time == all[0].time);
    CHECK(std::ranges::count(samples, all[30].time, &Sample::time) == 1);
  }
  SECTION("more than is wanted, but room") {
    thin(samples, 1, 4, thinned, lost);
    CHECK(samples.size() == 4);
    CHECK(samples.front().time == all[0].time);
  }
  SECTION("room for one of each life only: born is handed on") {
    for (int i = 0; i < 10; ++i) samples[static_cast<std::size_t>(i)].born = true;
    thin(samples, 2, 2, thinned, lost);
    REQUIRE(samples.size() == 2);
    CHECK(samples[0].time == all[29].time);
    CHECK(samples[0].born);
    CHECK_FALSE(samples[1].born);
  }
}

TEST_CASE("what tells a wrap or a restart stays where the source cannot tell its lives") {
  const SeriesPtr a = make_series("test", traffic(), {{"link", "a"}}, {}, {32, 1'000'000'000});
  Batch samples;
  std::uint64_t total = 0, moved = 0;
  CounterTracker full;
  for (int i = 0; i < 400; ++i) {
    total += 50'000'000;
    samples.push_back(make_sample(a, i, total & 0xffffffff, 0));
    moved += full.step(samples.back()).amounts[0];
  }
  Given thinned, lost;
  thin(samples, 200, 200, thinned, lost);
  CHECK(samples.size() <= 200);
  CounterTracker holder;
  std::uint64_t counted = 0;
  for (const Sample& sample : samples) counted += holder.step(sample).amounts[0];
  CHECK(counted == moved);
  CHECK(moved > 18'000'000'000);
}

TEST_CASE("the first sample behind a pause stays, so that what grew since is not laid over the pause") {
  const SeriesPtr a = link("a");
  Batch samples;
  for (int i = 0; i < 200; ++i)
    samples.push_back(make_sample(a, i < 100 ? i : 1'000'000 + i, static_cast<std::uint64_t>(i)));
  Given thinned, lost;
  thin(samples, 30, 30, thinned, lost);
  CHECK(samples.size() <= 30);
  CHECK(std::ranges::count(samples, Timestamp(std::chrono::seconds(1'000'100)), &Sample::time) == 1);
}

TEST_CASE("thinning takes the older half first") {
  const SeriesPtr a = link("a");
  Batch samples;
  for (int i = 0; i < 100; ++i) samples.push_back(make_sample(a, i, 1));
  Given thinned, lost;
  thin(samples, 75, 75, thinned, lost);
  CHECK(samples.size() == 75);
  CHECK(thinned.samples == 25);
  CHECK(thinned.first < Timestamp(std::chrono::seconds(2)));
  CHECK(thinned.last < Timestamp(std::chrono::seconds(50)));
}

TEST_CASE("a delta that is thinned away is added to the next one") {
  const auto clicks = make_measurement("clicks", "", {{"n", Kind::delta, "1", ""}}, {});
  const SeriesPtr series = make_series("test", clicks, {});
  Batch samples;
  for (int i = 0; i < 64; ++i)
    samples.push_back({series, Timestamp(std::chrono::seconds(i)), 1, false, false, {Value(i)}});
  Given thinned, lost;
  thin(samples, 5, 5, thinned, lost);
  std::uint64_t sum = 0;
  for (const Sample& s : samples) sum += s.values[0].as_unsigned();
  CHECK(samples.size() <= 5);
  CHECK(sum == 63 * 64 / 2);
}

TEST_CASE("more series than room: the oldest are lost, and counted with their time range") {
  Batch samples;
  for (int i = 0; i < 30; ++i) samples.push_back(make_sample(link(concat("l", i)), i, 1));
  Given thinned, lost;
  thin(samples, 20, 20, thinned, lost);
  CHECK(samples.size() == 20);
  CHECK(thinned.samples == 0);
  CHECK(lost.samples == 10);
  CHECK(lost.first == Timestamp(std::chrono::seconds(0)));
  CHECK(lost.last == Timestamp(std::chrono::seconds(9)));
}
