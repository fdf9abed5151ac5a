#include "trafficd/counter.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"

namespace trafficd {
namespace {

using Reason = Increase::Reason;
using Amounts = std::vector<std::uint64_t>;

Timestamp at(int seconds) { return Timestamp{std::chrono::seconds{1'700'000'000 + seconds}}; }

/// A series with two counters around a gauge, which must never be taken for one.
struct Source {
  explicit Source(CounterTraits traits = {}) {
    const MeasurementPtr measurement = make_measurement("interface", "",
                                                        {{"rx_bytes", Kind::counter, "By", ""},
                                                         {"speed", Kind::gauge, "bit/s", ""},
                                                         {"tx_bytes", Kind::counter, "By", ""}},
                                                        {"interface"});
    series = make_series("lan", measurement, {{"interface", "eth0"}}, {}, traits);
  }
  Sample sample(int time, std::uint64_t epoch, Value rx, Value tx, bool born = false) const {
    return {series, at(time), epoch, born, false, {rx, 77.0, tx}};
  }
  SeriesPtr series;
};

}  // namespace

TEST_CASE("the first sample of a life that began before us only sets the mark") {
  const Source source;
  CounterTracker tracker;
  const Increase first = tracker.step(source.sample(0, 1, 1'000, 500));
  CHECK(first.reason == Reason::first);
  CHECK(first.amounts == Amounts{0, 0});
  CHECK(first.from == at(0));
  const Increase grown = tracker.step(source.sample(10, 1, 1'300, 500));
  CHECK(grown.reason == Reason::grown);
  CHECK(grown.amounts == Amounts{300, 0});
  CHECK(grown.from == at(0));
}

TEST_CASE("a life that began under the input's eyes counts from zero") {
  const Source source;
  CounterTracker tracker;
  const Increase born = tracker.step(source.sample(0, 1, 1'000, 500, true));
  CHECK(born.reason == Reason::born);
  CHECK(born.amounts == Amounts{1'000, 500});
  CHECK(tracker.step(source.sample(10, 1, 1'000, 600, true)).amounts == Amounts{0, 100});
}

TEST_CASE("a new epoch of a known series counts from zero, and is booked to when it was there for sure") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 1'000, 500));
  const Increase restarted = tracker.step(source.sample(30, 2, 40, 2'000));
  CHECK(restarted.reason == Reason::restarted);
  CHECK(restarted.amounts == Amounts{40, 2'000});
  CHECK(restarted.from == at(30));
  CHECK(restarted.since == at(0));
}

TEST_CASE("a new life that was seen from its birth is not laid over the pause before it") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 1'000, 500));
  const Increase reborn = tracker.step(source.sample(3'600, 2, 40, 2'000, true));
  CHECK(reborn.reason == Reason::restarted);
  CHECK(reborn.amounts == Amounts{40, 2'000});
  CHECK(reborn.from == at(3'600));
  CHECK(reborn.since == at(3'600));
}

TEST_CASE("what was seen already adds nothing") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 1'000, 500));
  (void)tracker.step(source.sample(20, 1, 2'000, 700));
  CHECK(tracker.step(source.sample(20, 1, 2'000, 700)).reason == Reason::repeated);
  const Increase late = tracker.step(source.sample(10, 1, 1'500, 600));
  CHECK(late.reason == Reason::repeated);
  CHECK(late.amounts == Amounts{0, 0});
  CHECK(tracker.step(source.sample(30, 1, 2'001, 700)).amounts == Amounts{1, 0});
}

TEST_CASE("a late sample of an older life finds the mark of that life") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 100, 0));
  (void)tracker.step(source.sample(20, 2, 5, 0));
  const Increase late = tracker.step(source.sample(10, 1, 130, 0));
  CHECK(late.reason == Reason::grown);
  CHECK(late.amounts == Amounts{30, 0});
  CHECK(tracker.step(source.sample(30, 2, 9, 0)).amounts == Amounts{4, 0});
}

TEST_CASE("only so many lives are kept, the oldest goes first") {
  const Source source;
  CounterTracker tracker;
  const std::uint64_t most = CounterTracker::lives_kept;
  for (std::uint64_t epoch = 1; epoch <= most + 2; ++epoch)
    (void)tracker.step(source.sample(static_cast<int>(epoch), epoch, 10, 10));
  REQUIRE(tracker.baselines().size() == most);
  CHECK(tracker.baselines().front().epoch == 3);
  CHECK(tracker.baselines().back().epoch == most + 2);
}

TEST_CASE("a life in use is not pushed out by newer ones, and not counted again from zero") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 100, 5'000, 10));
  for (std::uint64_t epoch = 1; epoch <= 3 * CounterTracker::lives_kept; ++epoch) {
    (void)tracker.step(source.sample(static_cast<int>(epoch), epoch, 1, 1, true));
    CHECK(tracker.step(source.sample(static_cast<int>(epoch), 100, 5'000 + epoch, 10)).amounts == Amounts{1, 0});
  }
}

TEST_CASE("a sample that only sets the mark adds nothing, even where the series is known") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 100, 50));
  Sample moved = source.sample(10, 2, 9'000, 800, true);
  moved.mark_only = true;
  const Increase first = tracker.step(moved);
  CHECK(first.reason == Reason::first);
  CHECK(first.amounts == Amounts{0, 0});
  CHECK(tracker.step(source.sample(20, 2, 9'001, 802)).amounts == Amounts{1, 2});
}

TEST_CASE("a restart tells when the series was read last, in whichever life") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 0, 0));
  (void)tracker.step(source.sample(10, 2, 10, 0));
  (void)tracker.step(source.sample(500, 1, 70, 0));
  (void)tracker.step(source.sample(20, 2, 11, 0));
  CHECK(tracker.step(source.sample(600, 3, 5, 0)).since == at(500));
  CHECK(tracker.step(source.sample(400, 4, 5, 0)).since == at(400));
}

TEST_CASE("a series that was counted before under other lives counts a new one from zero") {
  const Source source;
  CounterTracker tracker;
  tracker.set_known();
  const Increase next = tracker.step(source.sample(10, 2, 70, 5));
  CHECK(next.reason == Reason::restarted);
  CHECK(next.amounts == Amounts{70, 5});
  CHECK(next.from == at(10));
}

TEST_CASE("a field that is absent keeps its mark") {
  const Source source;
  CounterTracker tracker;
  SECTION("in between") {
    (void)tracker.step(source.sample(0, 1, 100, 50));
    CHECK(tracker.step(source.sample(10, 1, Value{}, 60)).amounts == Amounts{0, 10});
    CHECK(tracker.step(source.sample(20, 1, 130, 60)).amounts == Amounts{30, 0});
  }
  SECTION("at first: its first value only sets the mark") {
    (void)tracker.step(source.sample(0, 1, Value{}, 50));
    CHECK(tracker.step(source.sample(10, 1, 9'000, 51)).amounts == Amounts{0, 1});
    CHECK(tracker.step(source.sample(20, 1, 9'005, 51)).amounts == Amounts{5, 0});
  }
  SECTION("in a life that began at zero: all of it counts when it comes") {
    (void)tracker.step(source.sample(0, 1, Value{}, 50, true));
    CHECK(tracker.step(source.sample(10, 1, 70, 50)).amounts == Amounts{70, 0});
  }
}

TEST_CASE("values that are no totals are passed over") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 100, 50));
  const Value wrong = GENERATE(Value(-5), Value(std::nan("")), Value(std::numeric_limits<double>::infinity()),
                               Value(-0.5), Value(std::numeric_limits<std::uint64_t>::max()));
  CHECK(tracker.step(source.sample(10, 1, wrong, 51)).amounts == Amounts{0, 1});
  CHECK(tracker.step(source.sample(20, 1, 101, 51)).amounts == Amounts{1, 0});
}

TEST_CASE("a real total counts in whole units") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 1.5, 0));
  CHECK(tracker.step(source.sample(10, 1, 4.25, 0)).amounts == Amounts{3, 0});
}

TEST_CASE("whatever is newer moves the time on, an older lower one does not") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 1, 100, 50));
  (void)tracker.step(source.sample(3'600, 1, 100, 50));
  CHECK(tracker.step(source.sample(3'610, 1, 200, 50)).from == at(3'600));
  (void)tracker.step(source.sample(3'605, 1, 10, 5));
  CHECK(tracker.step(source.sample(3'620, 1, 201, 50)).from == at(3'610));
  (void)tracker.step(source.sample(7'200, 1, 201, 5));
  CHECK(tracker.step(source.sample(7'210, 1, 202, 5)).from == at(7'200));
}

TEST_CASE("a clock that was put back: the growth counts and the span is not negative") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(3'600, 1, 100, 50));
  const Increase back = tracker.step(source.sample(0, 1, 150, 50));
  CHECK(back.amounts == Amounts{50, 0});
  CHECK(back.from == at(0));
  CHECK(tracker.step(source.sample(10, 1, 160, 50)).from == at(0));
}

TEST_CASE("stored baselines go on where they were left") {
  const Source source;
  CounterTracker before, after;
  (void)before.step(source.sample(0, 1, 100, 50));
  (void)before.step(source.sample(10, 2, 20, 10));
  for (const Baseline& baseline : before.baselines()) after.restore(baseline);
  CHECK(after.step(source.sample(20, 2, 25, 10)).amounts == Amounts{5, 0});
  CHECK(after.step(source.sample(20, 1, 101, 50)).amounts == Amounts{1, 0});
}

TEST_CASE("a tracker goes through bytes and comes back whole") {
  const Source source;
  CounterTracker before;
  (void)before.step(source.sample(0, 1, 100, 50));
  (void)before.step(source.sample(10, 2, 20, Value{}));
  (void)before.step(source.sample(20, 0, 5'000, 50));
  const bool decided = GENERATE(false, true);
  (void)before.step(source.sample(30, 0, 7, 8));
  if (decided) (void)before.step(source.sample(40, 0, 9, 8));
  CounterTracker after;
  REQUIRE(after.from_bytes(before.to_bytes(), 2));
  CHECK(after.to_bytes() == before.to_bytes());
  for (const Sample& next : {source.sample(50, 0, 30, 12), source.sample(50, 2, 25, 10), source.sample(50, 3, 4, 0)}) {
    const Increase a = before.step(next), b = after.step(next);
    CHECK(a.reason == b.reason);
    CHECK(a.amounts == b.amounts);
    CHECK(a.from == b.from);
  }
}

TEST_CASE("only so many lives go into the bytes, those used last") {
  const Source source;
  CounterTracker before, after;
  for (std::uint64_t epoch = 1; epoch <= 10; ++epoch) (void)before.step(source.sample(0, epoch, 10, 10));
  REQUIRE(after.from_bytes(before.to_bytes(2), 2));
  REQUIRE(after.baselines().size() == 2);
  CHECK(after.baselines().front().epoch == 9);
  CHECK(after.step(source.sample(10, 11, 5, 0)).reason == Reason::restarted);
}

TEST_CASE("bytes that are no tracker are refused and change nothing") {
  const Source source;
  CounterTracker tracker, other;
  (void)tracker.step(source.sample(0, 1, 100, 50));
  (void)other.step(source.sample(0, 0, 5'000, 50));
  (void)other.step(source.sample(10, 0, 5, 50));
  const std::string kept = tracker.to_bytes(), good = other.to_bytes();
  for (std::size_t size = 0; size < good.size(); ++size) CHECK_FALSE(tracker.from_bytes(good.substr(0, size), 2));
  CHECK_FALSE(tracker.from_bytes(good + "x", 2));
  CHECK_FALSE(tracker.from_bytes(good, 3));
  CHECK_FALSE(tracker.from_bytes(std::string(good.size(), '\xff'), 2));
  CHECK(tracker.to_bytes() == kept);
}

TEST_CASE("a life without a name is no proof of a restart") {
  const Source source;
  CounterTracker tracker;
  (void)tracker.step(source.sample(0, 7, 1'000, 50));
  const Increase unnamed = tracker.step(source.sample(10, 0, 1'200, 50));
  CHECK(unnamed.reason == Reason::first);
  CHECK(unnamed.amounts == Amounts{0, 0});
}

TEST_CASE("counter fields are found between others") {
  CHECK(Source{}.series->measurement().counters() == std::vector<std::size_t>{0, 2});
}

}  // namespace trafficd
