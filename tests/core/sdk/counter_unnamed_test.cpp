// Counters whose source cannot tell its lives: epoch 0.
#include "catch.hpp"
#include "router.hpp"

namespace trafficd {

using namespace testing;

TEST_CASE("unnamed: a restart, for a wrap would have been faster than the line") {
  Router router({32, 1'000'000});
  (void)router.read(0, 2'000'000'000, 50);
  (void)router.read(10, 400, 60);
  const Increase restarted = router.read(20, 410, 61);
  CHECK(restarted.reason == Reason::restarted);
  CHECK(restarted.amounts == Amounts{410, 61});
  CHECK(restarted.from == at(10));
  CHECK(restarted.since == at(0));
}

TEST_CASE("unnamed: wide counters do not wrap, so without a rate a fall is a restart") {
  Router router;
  (void)router.read(0, 5'000, 50);
  (void)router.read(10, 400, 50);
  CHECK(router.read(20, 400, 50).reason == Reason::held);
  const Increase restarted = router.read(3'600, 401, 50);
  CHECK(restarted.reason == Reason::restarted);
  CHECK(restarted.amounts == Amounts{401, 50});
  CHECK(restarted.from == at(20));
}

TEST_CASE("unnamed: what neither can be is set aside") {
  Router router({32, 10});
  (void)router.read(0, 3'000'000'000, 50);
  (void)router.read(10, 2'000'000'000, 50);
  CHECK(router.read(20, 2'000'000'007, 50).reason == Reason::doubtful);
  CHECK(router.sum == Amounts{7, 0});
  REQUIRE(router.doubts.size() == 1);
  CHECK(router.doubts[0].reason == "fell to more than can have passed in that time");
}

TEST_CASE("unnamed: one field that falls while another grows is no restart: what grew counts") {
  Router router;
  (void)router.read(0, 5'000'000'000, 10);
  (void)router.read(10, 5'000'000'100, 9);
  (void)router.read(20, 5'000'000'100, 9);
  CHECK(router.sum == Amounts{0, 0});
  SECTION("it went on from there") {
    (void)router.read(30, 5'000'000'300, 9);
    CHECK(router.sum == Amounts{300, 0});
    REQUIRE(router.doubts.size() == 1);
    CHECK(router.doubts[0].counter == 1);
    CHECK(router.doubts[0].reason == "fell while another counter went on, so it did not restart");
  }
  SECTION("the source corrects itself") {
    (void)router.read(30, 5'000'000'100, 12);
    CHECK(router.sum == Amounts{100, 2});
  }
}

TEST_CASE("unnamed: a virtual machine is set back to a snapshot: what it had is not counted again") {
  const bool rate_known = GENERATE(false, true);
  Router router({64, rate_known ? std::uint64_t{250'000'000} : 0});
  (void)router.read(0, 5'000'000'000, 1'000'000'000);
  (void)router.read(10, 4'900'000'000, 990'000'000);
  (void)router.read(20, 4'900'001'000, 990'000'500);
  CHECK(router.sum == Amounts{1'000, 500});
  REQUIRE(router.doubts.size() == 2);
  CHECK(router.doubts[0].amount == 4'900'000'000);
  (void)router.read(30, 5'000'000'000, 1'000'000'000);
  CHECK(router.sum == Amounts{100'000'000, 10'000'000});
}

TEST_CASE("unnamed: one reading of zero or garbage, then the old value again, invents nothing") {
  Router router({GENERATE(std::uint8_t{32}, std::uint8_t{64}), GENERATE(std::uint64_t{0}, std::uint64_t{1'000'000})});
  (void)router.read(0, 3'000'000'000, 7'000);
  (void)router.read(10, 3'000'001'000, 7'000);
  const std::uint64_t wrong = GENERATE(std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{2'999'999'000},
                                       std::uint64_t{5'000'000'000'000'000}, ~std::uint64_t{0} - 1);
  const bool both = GENERATE(false, true);
  CHECK(router.read(20, wrong, both ? wrong : 7'000).reason == Reason::held);
  (void)router.read(30, 3'000'002'500, 7'010);
  CHECK(router.sum == Amounts{2'500, 10});
  (void)router.read(40, 3'000'002'600, 7'020);
  CHECK(router.sum == Amounts{2'600, 20});
}

TEST_CASE("unnamed: a source that shows zero for a while invents nothing either") {
  Router router({64, 1'000'000});
  (void)router.read(0, 3'000'000'000, 7'000);
  for (int time = 10; time <= 3'600; time += 10) CHECK(router.read(time, 0, 0).amounts == Amounts{0, 0});
  (void)router.read(3'610, 3'000'005'000, 7'100);
  CHECK(router.sum == Amounts{5'000, 100});
}

TEST_CASE("unnamed: a wrong reading is told without a doubt where the line is too slow for anything else") {
  Router router({64, 1'000'000});
  (void)router.read(0, 3'000'000'000, 0);
  (void)router.read(10, 0, 0);
  (void)router.read(20, 3'000'000'500, 0);
  CHECK(router.doubts.empty());
}

TEST_CASE("unnamed: back at the old total, though a restart could have got there: the rest is set aside") {
  Router router({64, 1'000'000});
  (void)router.read(0, 5'000'000, 0);
  (void)router.read(10, 100, 0);
  (void)router.read(20, 5'000'300, 0);
  CHECK(router.sum == Amounts{300, 0});
  REQUIRE(router.doubts.size() == 1);
  CHECK(router.doubts[0].amount == 5'000'000);
  CHECK(router.doubts[0].before == 100);
  CHECK(router.doubts[0].after == 5'000'300);
}

TEST_CASE("unnamed: a leap that cannot have passed is set aside when it stays, and counting goes on from there") {
  Router router({64, 1'000});
  (void)router.read(0, 5'000, 0);
  (void)router.read(10, 900'000'000, 20);
  (void)router.read(20, 900'000'300, 30);
  CHECK(router.sum == Amounts{300, 30});
  REQUIRE(router.doubts.size() == 1);
  CHECK(router.doubts[0].amount == 900'000'000 - 5'000);
  CHECK(router.doubts[0].reason == "grew by more than can have passed in that time");
}

TEST_CASE("unnamed: a counter that is brought up to date in steps counts, as soon as its pace is believable") {
  Router router({64, 1'000});
  (void)router.read(0, 0, 0);
  (void)router.read(10, 0, 0);
  for (int time = 20; time <= 60; time += 10) (void)router.read(time, 40'000, 0);
  CHECK(router.sum == Amounts{40'000, 0});
  CHECK(router.doubts.empty());
}

TEST_CASE("unnamed: readings of which none bears the other out are set aside") {
  Router router({64, 1'000});
  (void)router.read(0, 500'000'000, 0);
  (void)router.read(10, 300, 0);
  (void)router.read(20, 20, 0);
  REQUIRE(router.doubts.size() == 1);
  CHECK(router.doubts[0].amount == 300);
  CHECK(router.doubts[0].reason == "one reading that the next did not bear out");
  (void)router.read(30, 25, 0);
  CHECK(router.sum == Amounts{25, 0});
}

TEST_CASE("unnamed: after sleep or a clock that was set forward a growth is plain") {
  Router router({64, 1'000'000});
  (void)router.read(0, 1'000, 0);
  (void)router.read(30 * day, 900'000, 0);
  CHECK(router.sum == Amounts{899'000, 0});
  CHECK(router.doubts.empty());
}

TEST_CASE("unnamed: a clock that was put back loses and invents nothing") {
  Router router({64, 1'000'000});
  (void)router.read(0, 1'000, 0);
  (void)router.read(10, 2'000, 0);
  const int back = GENERATE(60, 3'600, 400 * day);
  SECTION("while the counters go on") {
    for (int i = 1; i <= 1'000; ++i) (void)router.read(10 - back + i * 10, 2'000 + i, 0);
    CHECK(router.sum == Amounts{2'000, 0});
  }
  SECTION("and the source restarted before") {
    (void)router.read(20, 10, 0);
    (void)router.read(30, 20, 0);
    for (int i = 1; i <= 1'000; ++i) (void)router.read(30 - back + i * 10, 20 + i, 0);
    CHECK(router.sum == Amounts{2'020, 0});
  }
  CHECK(router.doubts.empty());
}

TEST_CASE("unnamed: a clock that was years ahead while the source restarted does not stop the counting") {
  Router router({64, 1'000'000});
  (void)router.read(2'000 * day, 1'000'000, 0);
  (void)router.read(0, 50, 0);
  (void)router.read(10, 70, 0);
  (void)router.read(20, 90, 0);
  CHECK(router.sum == Amounts{90, 0});
}

TEST_CASE("unnamed: a step that was read by a clock years ahead does not hold the counting up") {
  Router router({64, 1'000'000});
  (void)router.read(0, 1'000'000, 0);
  (void)router.read(2'000 * day, 50, 0);
  (void)router.read(20, 70, 0);
  (void)router.read(30, 90, 0);
  CHECK(router.sum == Amounts{90, 0});
}

TEST_CASE("unnamed: a late sample adds nothing, from before a restart too") {
  Router router;
  (void)router.read(0, 5'000);
  (void)router.read(20, 5'200);
  CHECK(router.read(10, 5'100).reason == Reason::repeated);
  (void)router.read(30, 40);
  SECTION("while the restart waits to be borne out") {
    (void)router.read(25, 5'300);
    (void)router.read(10, 5'100);
    (void)router.read(40, 60);
    CHECK(router.sum == Amounts{5'300 - 5'000 + 60, 0});
  }
  SECTION("afterwards: the life before can no longer be told from a clock that was put back") {
    (void)router.read(40, 60);
    for (const int time : {0, 20, 25, 30, 40}) (void)router.read(time, time < 30 ? 5'000 + time * 10 : time + 20);
    (void)router.read(50, 61);
    CHECK(router.sum == Amounts{200 + 61, 0});
  }
}

TEST_CASE("unnamed: the same readings by two pipelines count once") {
  const std::vector<std::pair<int, std::uint64_t>> readings = {{0, 5'000}, {10, 5'100}, {20, 70},   {30, 90},
                                                               {40, 5},    {50, 6},     {60, 1'000}};
  Router once, twice;
  for (const auto& [time, total] : readings) (void)once.read(time, total);
  for (std::size_t i = 0; i < readings.size() + 2; ++i)
    for (const std::size_t late : {0, 2})
      if (i >= late && i - late < readings.size())
        (void)twice.read(readings[i - late].first, readings[i - late].second);
  CHECK(once.sum == Amounts{100 + 90 + 1'000, 0});
  CHECK(twice.sum == once.sum);
}

TEST_CASE("unnamed: wrong readings that come again late do not bear each other out") {
  Router router({64, 1'000'000});
  const std::uint64_t wrong = std::uint64_t{1} << 62;
  (void)router.read(0, 5'000);
  (void)router.read(10, wrong);
  (void)router.read(20, 5'100);
  (void)router.read(30, wrong);
  (void)router.read(40, 5'200);
  (void)router.read(10, wrong);
  (void)router.read(30, wrong);
  (void)router.read(50, 5'300);
  CHECK(router.sum == Amounts{300, 0});
}

TEST_CASE("unnamed: what is sent once more adds nothing, with wrong readings that could go on from each other") {
  Router router({32, 100'000'000});
  const std::vector<std::pair<int, std::uint64_t>> readings = {{0, 5'000},          {10, 3'000'000'000}, {20, 5'100},
                                                               {30, 3'000'900'000}, {40, 5'200},         {50, 5'300}};
  for (int i = 0; i < 2; ++i)
    for (const auto& [time, total] : readings) (void)router.read(time, total);
  (void)router.read(60, 5'400);
  CHECK(router.sum == Amounts{400, 0});
}

TEST_CASE("unnamed: what came together with one stamp counts, the last of it too") {
  Router router;
  (void)router.read(0, 5'000);
  for (const std::uint64_t total : {5'100, 5'200, 5'203}) (void)router.read(10, total);
  CHECK(router.sum == Amounts{203, 0});
  for (const std::uint64_t total : {5'100, 5'200, 5'203}) (void)router.read(10, total);
  (void)router.read(20, 5'300);
  CHECK(router.sum == Amounts{300, 0});
}

TEST_CASE("unnamed: a doubt has the same name whenever its step comes, and another one elsewhere") {
  const auto doubt = [](std::uint64_t before, std::uint64_t after) {
    Router router({32, 0});
    (void)router.read(0, before, before);
    (void)router.read(10, after, after);
    (void)router.read(20, after + 1, after);
    REQUIRE(router.doubts.size() == 2);
    CHECK(router.doubts[0].id != router.doubts[1].id);
    return router.doubts[0].id;
  };
  CHECK(doubt(500, 400) == doubt(500, 400));
  CHECK(doubt(500, 400) != doubt(500, 401));
  CHECK(doubt(500, 400) != doubt(501, 400));
}

TEST_CASE("unnamed: a field that is absent is judged by what is there") {
  Router router({64, 1'000'000});
  (void)router.read(0, 5'000'000, 400);
  (void)router.read(10, 100, Value{});
  (void)router.read(20, 150, 40);
  CHECK(router.sum == Amounts{150, 40});
  (void)router.read(30, Value{}, 50);
  (void)router.read(40, 200, Value{});
  CHECK(router.sum == Amounts{200, 50});
}

TEST_CASE("unnamed: a stored step goes on where it was left") {
  Router router({64, 1'000'000});
  (void)router.read(0, 5'000'000, 400);
  (void)router.read(10, 100, 40);
  CounterTracker after;
  for (const Baseline& baseline : router.tracker.baselines()) after.restore(baseline);
  REQUIRE(router.tracker.held());
  after.restore(*router.tracker.held());
  CHECK(after.step(router.sample(20, 150, 40)).amounts == Amounts{150, 40});
}

TEST_CASE("unnamed: times that lie absurdly far apart are borne") {
  Router router({64, 1'000'000});
  (void)router.tracker.step({router.series, Timestamp::min(), 0, false, false, {5, 5}});
  (void)router.tracker.step({router.series, Timestamp::max(), 0, false, false, {9, 1}});
  (void)router.tracker.step({router.series, Timestamp::min(), 0, false, false, {3, 0}});
  CHECK(router.tracker.baselines().size() == 1);
}

}  // namespace trafficd
