#include "catch.hpp"
#include "trafficd/testing/host.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

TEST_CASE("a complaint is said at once, then at doubling pauses with the number of those kept back") {
  RecordingLogger log;
  ManualClock clock;
  Complaint complaint(log, clock);
  for (int second = 0; second < 200; ++second) {
    complaint.complain(Level::warning, "dead");
    clock.advance(1s);
  }
  REQUIRE(log.lines().size() == 3);
  CHECK(log.lines()[0].message == "dead");
  CHECK(log.lines()[1].message == "dead (and 59 more complaints since the last line)");
  CHECK(log.lines()[2].message == "dead (and 119 more complaints since the last line)");
}

TEST_CASE("what is worse than the complaint before is said at once") {
  RecordingLogger log;
  ManualClock clock;
  Complaint complaint(log, clock);
  complaint.complain(Level::warning, "lost");
  complaint.complain(Level::error, "gone for good");
  complaint.complain(Level::warning, "lost");
  complaint.complain(Level::error, "gone for good");
  REQUIRE(log.lines().size() == 2);
  CHECK(log.lines()[1].message == "gone for good");
}

TEST_CASE("what was not said yet is said at once, numbers aside, but not without end") {
  RecordingLogger log;
  ManualClock clock;
  Complaint complaint(log, clock);
  for (int i = 0; i < 5; ++i) {
    complaint.complain(Level::warning, "refused by port " + std::to_string(i));
    complaint.complain(Level::warning, "wrong password");
    clock.advance(1s);
  }
  REQUIRE(log.lines().size() == 2);
  CHECK(log.lines()[1].message == "wrong password");
  for (char c = 'a'; c <= 'z'; ++c) complaint.complain(Level::warning, std::string("no ") + c);
  CHECK(log.lines().size() == 8);
  clock.advance(1min);
  complaint.complain(Level::warning, "refused by port 9");
  REQUIRE(log.lines().size() == 9);
  CHECK(log.lines()[8].message == "refused by port 9 (and 20 more complaints since the last line)");
}

TEST_CASE("the end of a trouble is said once, and the next one at once again") {
  RecordingLogger log;
  ManualClock clock;
  Complaint complaint(log, clock);
  complaint.resolve("good");
  CHECK(log.lines().empty());
  complaint.complain(Level::error, "dead");
  complaint.resolve("good");
  complaint.resolve("good");
  complaint.complain(Level::warning, "dead");
  REQUIRE(log.lines().size() == 3);
  CHECK(log.lines()[1].message == "good");
  CHECK(log.lines()[2].level == Level::warning);
}

TEST_CASE("a trouble that comes and goes all the time is said a few times, and then ever less often") {
  RecordingLogger log;
  ManualClock clock;
  Complaint complaint(log, clock);
  const Duration period = GENERATE(Duration(100ms), Duration(20s));
  const auto come_and_go = [&](Duration time) {
    log.clear();
    for (const SteadyTime end = clock.steady() + time; clock.steady() < end; clock.advance(period)) {
      complaint.complain(Level::warning, "dead");
      complaint.resolve("good");
    }
    return log.lines().size();
  };
  CHECK(come_and_go(10min) == 10);
  CHECK(come_and_go(20min) == 10);
  CHECK(come_and_go(40min) == 10);
  for (int hour = 0; hour < 10; ++hour) CHECK(come_and_go(1h) == 10);
  // What was good for long is new.
  clock.advance(1h);
  log.clear();
  complaint.complain(Level::warning, "dead");
  CHECK(log.lines().size() == 1);
}

TEST_CASE("a trouble that came and went often, and stays, is told soon, and so is its end") {
  RecordingLogger log;
  ManualClock clock;
  Complaint complaint(log, clock);
  for (int i = 0; i < 9; ++i) {
    complaint.complain(Level::warning, "dead");
    complaint.resolve("good");
  }
  REQUIRE(log.lines().size() == 10);
  complaint.complain(Level::warning, "dead");
  CHECK(log.lines().size() == 10);
  clock.advance(5min);
  complaint.complain(Level::warning, "dead");
  complaint.resolve("good");
  REQUIRE(log.lines().size() == 12);
  CHECK(log.lines()[10].message == "dead (and 5 more complaints since the last line)");
  CHECK(log.lines()[11].message == "good");
}
