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
