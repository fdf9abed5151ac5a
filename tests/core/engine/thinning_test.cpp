#include "engine/thinning.hpp"

#include <map>

#include "catch.hpp"
#include "engine_fixture.hpp"

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
  thin(samples, 20, thinned, lost);

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
    samples.back().mark_only = i == 7;
  }
  Given thinned, lost;
  thin(samples, 4, thinned, lost);
  CHECK(samples.size() <= 4);
  CHECK(samples.front().mark_only);
  CHECK(lost.samples == 0);
}

TEST_CASE("thinning takes the older half first") {
  const SeriesPtr a = link("a");
  Batch samples;
  for (int i = 0; i < 100; ++i) samples.push_back(make_sample(a, i, 1));
  Given thinned, lost;
  thin(samples, 75, thinned, lost);
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
  thin(samples, 5, thinned, lost);
  std::uint64_t sum = 0;
  for (const Sample& s : samples) sum += s.values[0].as_unsigned();
  CHECK(samples.size() <= 5);
  CHECK(sum == 63 * 64 / 2);
}

TEST_CASE("more series than room: the oldest are lost, and counted with their time range") {
  Batch samples;
  for (int i = 0; i < 30; ++i) samples.push_back(make_sample(link(concat("l", i)), i, 1));
  Given thinned, lost;
  thin(samples, 20, thinned, lost);
  CHECK(samples.size() == 20);
  CHECK(thinned.samples == 0);
  CHECK(lost.samples == 10);
  CHECK(lost.first == Timestamp(std::chrono::seconds(0)));
  CHECK(lost.last == Timestamp(std::chrono::seconds(9)));
}
