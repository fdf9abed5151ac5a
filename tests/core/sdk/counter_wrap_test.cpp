// Counters that run over their width, where nobody names their lives.
#include "catch.hpp"
#include "router.hpp"

namespace trafficd {

using namespace testing;

namespace {

constexpr std::uint64_t last = ~std::uint64_t{0};

/// What is counted of these readings of the first counter, ten seconds apart.
std::uint64_t counted(Router& router, const std::vector<std::uint64_t>& readings) {
  for (std::size_t i = 0; i < readings.size(); ++i) (void)router.read(static_cast<int>(10 * i), readings[i]);
  return router.sum[0];
}

}  // namespace

TEST_CASE("unnamed: a wrap of one field while the other grows counts once the next reading bears it out") {
  Router router({32, 1'000'000});
  (void)router.read(0, range - 100, 50'000'000);
  CHECK(router.read(10, 400, 50'000'200).reason == Reason::held);
  CHECK(router.sum == Amounts{0, 0});
  const Increase wrapped = router.read(20, 500, 50'000'200);
  CHECK(wrapped.reason == Reason::wrapped);
  CHECK(wrapped.amounts == Amounts{600, 200});
  CHECK(wrapped.from == at(0));
  CHECK(router.read(30, 600, 50'000'200).amounts == Amounts{100, 0});
  CHECK(router.doubts.empty());
}

TEST_CASE("unnamed: a router of 32 bits at full line is exact over many wraps") {
  Router router({32, 25'000'000});
  std::uint64_t total = 3'000'000'000;
  (void)router.read(0, total, 4'000'000'000u);
  const std::uint64_t start = total;
  for (int time = 10; time <= 7'200; time += 10) {
    total += 120'000'000;
    (void)router.read(time, total % range, 4'000'000'000u);
  }
  (void)router.read(7'210, (total + 1) % range, 4'000'000'000u);
  CHECK(router.sum[0] == total + 1 - start);
  CHECK(router.sum[0] > 19 * range);
  CHECK(router.doubts.empty());
}

TEST_CASE("unnamed: what both a wrap and a restart can be is set aside, and counting goes on") {
  Router router({32, 100'000'000});
  (void)router.read(0, range - 100, 50);
  (void)router.read(60, 400, 60);
  const Increase doubtful = router.read(70, 450, 65);
  CHECK(doubtful.reason == Reason::doubtful);
  CHECK(doubtful.amounts == Amounts{50, 15});
  REQUIRE(doubtful.doubts.size() == 1);
  const Doubt& doubt = doubtful.doubts[0];
  CHECK(doubt.counter == 0);
  CHECK(doubt.time == at(60));
  CHECK(doubt.before == range - 100);
  CHECK(doubt.after == 400);
  CHECK(doubt.amount == 400);
  CHECK(doubt.most == 500);
  CHECK(doubt.reason == "fell, and both a wrap and a restart are believable");
  CHECK(doubt.id.size() == 16);
  CHECK(router.read(80, 460, 65).amounts == Amounts{10, 0});
}

TEST_CASE("unnamed: narrow counters without a rate stay in doubt") {
  Router router({32, 0});
  (void)router.read(0, 5'000, 50);
  (void)router.read(10, 400, 60);
  (void)router.read(20, 401, 60);
  CHECK(router.sum == Amounts{1, 10});
  REQUIRE(router.doubts.size() == 1);
  CHECK(router.doubts[0].amount == 400);
  CHECK(router.doubts[0].most == range - 5'000 + 400);
}

TEST_CASE("unnamed: a wrong reading just when a counter wraps is no restart") {
  Router router({32, 1'000'000});
  (void)router.read(0, range - 100, 50);
  (void)router.read(10, 0, 0);
  (void)router.read(20, 400, 60);
  CHECK(router.sum == Amounts{0, 10});
  REQUIRE(router.doubts.size() == 1);
  CHECK(router.doubts[0].amount == 400);
  CHECK(router.doubts[0].most == 500);
}

TEST_CASE("unnamed: nor does it bring what a later reading shows it to have missed") {
  Router router({32, 1'000'000});
  (void)router.read(0, range - 100, 500'000'000);
  (void)router.read(10, 400, 69'000'000);
  (void)router.read(3'600, 500, 500'000'100);
  CHECK(router.sum == Amounts{0, 100});
  REQUIRE(router.doubts.size() == 1);
  CHECK(router.doubts[0].most == 600);
}

TEST_CASE("unnamed: a single counter that was read near its end, and soon again, wrapped") {
  Router router({32, 12'500'000});
  std::uint64_t total = 3'000'000'000;
  for (int time = 0; time <= 80'000; time += 10, total += 10'000'000) (void)router.read(time, total % range);
  CHECK(router.sum[0] == 80'000'000'000);
  CHECK(router.doubts.empty());
}

TEST_CASE("unnamed: the more of the width a wrap would have carried, the less it says") {
  // A restart finds every counter somewhere: one in 64 within the last 64th.
  for (const auto& [before, after, wraps] :
       {std::tuple{range - 60'000'000, 7'000'000, true}, std::tuple{range - 60'000'000, 8'000'000, false},
        std::tuple{range - 70'000'000, 0, false}}) {
    Router router({32, 12'500'000});
    (void)router.read(0, before);
    (void)router.read(10, after);
    (void)router.read(20, after + 1);
    INFO(before << " to " << after);
    CHECK(router.doubts.empty() == wraps);
    CHECK(router.sum[0] == (wraps ? range - before + static_cast<std::uint64_t>(after) + 1 : 1));
  }
}

TEST_CASE("unnamed: a counter of 64 bits wraps too, where it stands at its end and the rate says so") {
  SECTION("with a rate") {
    Router router({64, 125'000'000});
    CHECK(counted(router, {last - 299, last - 199, last - 99, 50, 150, 250}) == 550);
    CHECK(router.doubts.empty());
  }
  SECTION("without one it is in doubt") {
    Router router;
    CHECK(counted(router, {last - 299, last - 199, last - 99, 50, 150, 250}) == 400);
    REQUIRE(router.doubts.size() == 1);
    CHECK(router.doubts[0].amount == 50);
    CHECK(router.doubts[0].most == 150);
    CHECK(router.doubts[0].reason == "fell, and without a known rate a wrap looks like a restart");
  }
  SECTION("anywhere else it began anew") {
    Router router({64, GENERATE(std::uint64_t{0}, std::uint64_t{125'000'000})});
    CHECK(counted(router, {last / 2, last / 2 + 100, 50, 150}) == 250);
    CHECK(router.doubts.empty());
  }
}

TEST_CASE("unnamed: the last number of 64 bits is one like any other") {
  Router router({64, 125'000'000});
  SECTION("on the way") { CHECK(counted(router, {last - 29, last - 14, last, 10, 20, 30}) == 60); }
  SECTION("at first, and again") { CHECK(counted(router, {last, last, 10, 20}) == 21); }
  SECTION("the one before it is taken for it: that is a byte, and all") {
    CHECK(counted(router, {last - 10, last - 1, last, 10, 20}) == 31);
    Router other({64, 125'000'000});
    CHECK(counted(other, {last - 1, 10, 20}) == 21);
  }
  SECTION("but of a life with a name it is none: a device that is gone shows all bits set") {
    (void)router.tracker.step({router.series, at(0), 7, false, false, {500u, 0u}});
    CHECK(router.tracker.step({router.series, at(10), 7, false, false, {last, 0u}}).amounts[0] == 0);
    CHECK(router.tracker.step({router.series, at(20), 7, false, false, {600u, 0u}}).amounts[0] == 100);
  }
  CHECK(router.doubts.empty());
}

}  // namespace trafficd
