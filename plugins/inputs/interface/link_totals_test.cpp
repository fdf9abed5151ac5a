// Totals out of what the kernel shows: counters of 32 bits that wrap, counters that fell while nobody looked.
#include "link_totals.hpp"

#include "catch.hpp"
#include "trafficd/testing/host.hpp"

namespace {

using namespace trafficd;
using namespace trafficd::interface;
using namespace std::chrono_literals;

constexpr std::uint64_t range = std::uint64_t{1} << 32;
constexpr std::uint64_t gigabit = 250'000'000;

Timestamp at(int seconds) { return testing::ManualClock::default_start + std::chrono::seconds(seconds); }

LinkCounters counters(std::uint64_t rx_bytes, std::uint64_t tx_bytes, std::uint64_t rx_packets,
                      std::uint64_t tx_packets) {
  LinkCounters all{};
  all[0] = rx_bytes;
  all[1] = tx_bytes;
  all[2] = rx_packets;
  all[3] = tx_packets;
  return all;
}

struct Totals {
  explicit Totals(testing::TestHost& host, bool narrow = true, const std::string& origin = "boot net ") : totals(host) {
    totals.open(origin, narrow);
  }
  LinkTotals::Step follow(LinkCounters raw, int time, std::uint64_t max_rate = gigabit) {
    now = raw;
    return totals.follow(3, now, max_rate, at(time));
  }
  std::uint64_t rx() const { return now[0].as_unsigned(); }
  LinkTotals totals;
  LinkCounters now{};
};

TEST_CASE("link totals: a machine's kind tells how wide its kernel counts") {
  testing::TempFolder proc;
  struct Case {
    const char* machine;
    bool narrow;
  };
  const Case c = GENERATE(Case{"armv7l\n", true}, Case{"mips\n", true}, Case{"i686\n", true}, Case{"x86_64\n", false},
                          Case{"aarch64\n", false}, Case{"s390x\n", false}, Case{"riscv64\n", false}, Case{"", false});
  proc.write("sys/kernel/arch", c.machine);
  CHECK(narrow_kernel(proc.path(), false) == c.narrow);
  CHECK_FALSE(narrow_kernel(proc.path() / "nowhere", false));
  CHECK(narrow_kernel(proc.path() / "nowhere", true) == (sizeof(long) == 4));
}

TEST_CASE("link totals: counters of 32 bits go on over their wraps") {
  testing::TestHost host;
  Totals totals(host);
  const bool known_rate = GENERATE(true, false);
  const std::uint64_t max_rate = known_rate ? gigabit : 0;
  std::uint64_t bytes = range - 5'000'000, packets = 1'000;
  for (int time = 0; time < 1'000; time += 10) {
    CHECK(totals.follow(counters(bytes % range, 7, packets, 1), time, max_rate).fall == Fall::none);
    REQUIRE(totals.rx() == bytes);
    bytes += 900'000'000;
    packets += 700'000;
  }
  CHECK(bytes > 20 * range);
}

TEST_CASE("link totals: what cannot have wrapped began anew") {
  testing::TestHost host;
  const std::uint64_t near = range - 1'000;
  const auto fall = [&](LinkCounters before, LinkCounters after, int seconds, std::uint64_t max_rate = gigabit) {
    Totals totals(host);
    CHECK(totals.follow(before, 0, max_rate).fall == Fall::none);
    const Fall seen = totals.follow(after, seconds, max_rate).fall;
    if (seen != Fall::none) CHECK(totals.rx() == after[0].as_unsigned());
    totals.totals.end(3);
    return seen;
  };
  CHECK(fall(counters(near, 50, 100, 2), counters(500, 60, 101, 3), 10) == Fall::none);
  // Packets fell too, however long it took.
  CHECK(fall(counters(near, 50, 100, 2), counters(500, 60, 1, 3), 10) == Fall::some);
  CHECK(fall(counters(near, near, near, near), counters(1, 1, 1, 1), 100'000) == Fall::all);
  // No packets for so many bytes, or none at all.
  CHECK(fall(counters(1'000'000'000, 50, 100, 2), counters(5'000, 60, 150, 3), 1'000) == Fall::some);
  CHECK(fall(counters(near, 50, 100, 2), counters(500, 60, 100, 3), 10) == Fall::some);
  // Faster than the line.
  CHECK(fall(counters(1'000'000'000, 50, 100, 2), counters(0, 60, 9'000'000, 3), 10) == Fall::some);
  CHECK(fall(counters(1'000'000'000, 50, 100, 2), counters(0, 60, 9'000'000, 3), 10, 0) == Fall::none);
  // The clock was put back: the packets tell.
  CHECK(fall(counters(near, 50, 100, 2), counters(500, 60, 101, 3), -3'600) == Fall::none);
  // The kernel counts this one in 64 bits.
  CHECK(fall(counters(range + 7, 50, 100, 2), counters(500, 60, 101, 3), 10) == Fall::some);
}

TEST_CASE("link totals: packets wrap as well") {
  testing::TestHost host;
  Totals totals(host);
  totals.follow(counters(50, 50, range - 10, 5), 0);
  CHECK(totals.follow(counters(5'000'000, 50, 20, 5), 10).fall == Fall::none);
  CHECK(totals.now[2].as_unsigned() == range + 20);
}

TEST_CASE("link totals: wide kernels do not wrap") {
  testing::TestHost host;
  Totals totals(host, false);
  totals.follow(counters(range - 1'000, 50, 100, 2), 0);
  CHECK(totals.follow(counters(500, 60, 101, 3), 10).fall == Fall::some);
}

TEST_CASE("link totals: an announcement is turned into totals and changes nothing") {
  testing::TestHost host;
  Totals totals(host);
  totals.follow(counters(range - 1'000, 50, 100, 2), 0);
  totals.follow(counters(500, 60, 101, 3), 10);
  CHECK(totals.totals.totals_of(3, counters(700, 60, 102, 3), gigabit, at(11))[0] == Value(range + 700));
  CHECK(totals.totals.totals_of(4, counters(700, 60, 102, 3), gigabit, at(11))[0] == Value(700));
  totals.follow(counters(600, 60, 102, 3), 20);
  CHECK(totals.rx() == range + 600);
}

TEST_CASE("link totals: wraps are carried on after a restart, and after a kill that lost the last of them") {
  testing::TestHost host;
  const auto save = [&] { return host.state().get("totals/3"); };
  std::optional<std::string> before_the_wrap;
  {
    Totals totals(host);
    totals.follow(counters(range - 900'000'000, 7, 1'000, 1), 0);
    totals.follow(counters(range - 100'000'000, 7, 700'000, 1), 10);
    before_the_wrap = save();
    totals.follow(counters(300'000'000, 7, 1'300'000, 1), 20);
    CHECK(totals.rx() == range + 300'000'000);
    CHECK(save() != before_the_wrap);
  }
  if (GENERATE(false, true)) host.state().put("totals/3", *before_the_wrap);
  Totals again(host);
  CHECK(again.follow(counters(310'000'000, 7, 1'310'000, 1), 30).fall == Fall::none);
  CHECK(again.rx() == range + 310'000'000);
}

TEST_CASE("link totals: little is written: the first reading, and as counters double") {
  testing::TestHost host;
  Totals totals(host, false);
  std::string last;
  int writes = 0;
  for (int i = 0; i < 10'000; ++i) {
    totals.follow(counters(static_cast<std::uint64_t>(i) * 100'000, 0, 5, 5), i * 10);
    const std::string now = host.state().get("totals/3").value_or("");
    writes += now == last ? 0 : 1;
    last = now;
    if (i <= 10) CHECK(writes == 1);
  }
  CHECK(writes == 11);
}

TEST_CASE("link totals: counters that fell while nobody looked are noticed") {
  testing::TestHost host;
  const bool narrow = GENERATE(false, true);
  Totals(host, narrow).follow(counters(3'000'000'000, 50'000'000, 9'000'000, 50'000), 0);
  SECTION("they went on") {
    const auto step = Totals(host, narrow).follow(counters(3'100'000'000, 50'000'000, 9'100'000, 50'000), 10);
    CHECK(step.fall == Fall::none);
  }
  SECTION("they began anew") {
    Totals again(host, narrow);
    const auto step = again.follow(counters(100, 50, 9, 5), 10);
    CHECK(step.fall == Fall::all);
    CHECK(step.unwatched);
    LinkCounters now = again.now;
    again.totals.restart(3, now, at(10));
    const auto next = again.follow(counters(200, 60, 10, 6), 20);
    CHECK(next.fall == Fall::none);
    CHECK_FALSE(next.unwatched);
    Totals later(host, narrow);
    CHECK(later.follow(counters(200, 60, 10, 6), 30).fall == Fall::none);
  }
  SECTION("another boot knows nothing of it") {
    Totals other(host, narrow, "later net ");
    CHECK(host.state().keys().empty());
    CHECK(other.follow(counters(100, 50, 9, 5), 10).fall == Fall::none);
  }
}

TEST_CASE("link totals: a life that began anew is no continuation of the wraps before") {
  testing::TestHost host;
  Totals totals(host);
  totals.follow(counters(range - 1'000, 50, 100, 2), 0);
  totals.follow(counters(2'000'000'000, 60, 2'000'000, 3), 10);
  CHECK(totals.rx() == range + 2'000'000'000);
  CHECK(totals.follow(counters(90, 0, 1, 0), 20).fall == Fall::all);
  LinkCounters now = totals.now;
  totals.totals.restart(3, now, at(20));
  CHECK(now[0] == Value(90));
  totals.follow(counters(95, 0, 1, 0), 30);
  CHECK(totals.rx() == 95);
}

TEST_CASE("link totals: what the state says wrongly is thrown away, and what is gone forgotten") {
  testing::TestHost host;
  for (const char* value : {"", "boot net ", "boot net x", "boot net 5 1", "boot net 5 1+x", "boot net 5 - - -",
                            "other net 5 1+0", "boot net 99999999999999999999 1+0"})
    host.state().put("totals/" + std::to_string(host.state().keys().size() + 1), value);
  host.state().put("totals/x", "boot net 5");
  host.state().put("totals/-1", "boot net 5");
  Totals totals(host);
  totals.totals.keep_only({});
  CHECK(host.state().keys().empty());
  totals.follow(counters(3'000'000'000, 0, 9, 0), 0);
  CHECK(host.state().keys().size() == 1);
  totals.totals.keep_only({3});
  CHECK(host.state().keys().size() == 1);
  totals.totals.end(3);
  CHECK(host.state().keys().empty());
}

}  // namespace
