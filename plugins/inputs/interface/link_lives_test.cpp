// The lives of interfaces: which epoch, whether born here, and when a sample only sets the mark.
#include "link_lives.hpp"

#include "catch.hpp"
#include "trafficd/testing/host.hpp"

namespace {

using namespace trafficd;
using namespace trafficd::interface;

struct Lives {
  explicit Lives(testing::TestHost& host, const std::string& boot = "boot") : lives(host) { lives.open(boot, "net"); }
  LinkLives* operator->() { return &lives; }
  LinkLives lives;
};

/// What is kept of single lives, in the order of their names.
std::vector<std::string> notes(testing::TestHost& host) {
  std::vector<std::string> all = host.state().keys();
  std::erase_if(all, [](const std::string& name) { return !name.starts_with("generation/"); });
  return all;
}

LinkCounters counters(std::uint64_t rx_bytes, std::uint64_t tx_bytes, std::uint64_t rx_packets, std::uint64_t dropped) {
  LinkCounters all{};
  all[0] = rx_bytes;
  all[1] = tx_bytes;
  all[2] = rx_packets;
  all[6] = dropped;
  return all;
}

TEST_CASE("link lives: one that was there before us is neither born nor a mark") {
  testing::TestHost host;
  Lives lives(host);
  CHECK_FALSE(lives->known(3));
  lives->meet(3, true);
  CHECK(lives->known(3));
  CHECK_FALSE(lives->born(3));
  CHECK_FALSE(lives->mark_due(3));
}

TEST_CASE("link lives: one that appears empty is born, one with a past sets a mark once") {
  testing::TestHost host;
  Lives lives(host);
  lives->appear(3, true, true);
  lives->appear(4, true, false);
  CHECK(lives->born(3));
  CHECK_FALSE(lives->mark_due(3));
  CHECK_FALSE(lives->born(4));
  CHECK(lives->mark_due(4));
  lives->marked(4);
  CHECK_FALSE(lives->mark_due(4));
  CHECK_FALSE(lives->born(4));
}

TEST_CASE("link lives: what was carried under a name that is not watched is not ours") {
  testing::TestHost host;
  Lives lives(host);
  lives->appear(3, false, true);
  lives->rename(3, false, false);
  CHECK_FALSE(lives->mark_due(3));
  SECTION("it carried something") {
    lives->rename(3, true, false);
    CHECK(lives->mark_due(3));
    CHECK_FALSE(lives->born(3));
    lives->marked(3);
    lives->rename(3, true, false);  // from watched to watched
    CHECK_FALSE(lives->mark_due(3));
    const std::uint64_t first = lives->epoch(3);
    lives->rename(3, false, false);
    lives->rename(3, true, false);  // out and back
    CHECK(lives->mark_due(3));
    CHECK(lives->epoch(3) != first);  // or else what it carried meanwhile would look like growth
  }
  SECTION("it carried nothing") {
    lives->rename(3, true, true);
    CHECK_FALSE(lives->mark_due(3));
    CHECK(lives->born(3));
  }
}

TEST_CASE("link lives: an index that is given again has another epoch, which a restart remembers") {
  testing::TestHost host;
  std::uint64_t first = 0, second = 0;
  {
    Lives lives(host);
    lives->appear(77, true, true);
    first = lives->epoch(77);
    lives->end(77);
    lives->appear(78, false, true);
    CHECK(notes(host).empty());  // nothing is written for what never happened
    lives->appear(77, true, true);
    second = lives->epoch(77);
    CHECK(second != first);
    CHECK(notes(host).size() == 1);
  }
  {
    Lives restarted(host);
    restarted->meet(77, true);
    CHECK(restarted->epoch(77) == second);
    restarted->end(77);
    CHECK(notes(host).empty());
    restarted->appear(77, true, true);
    CHECK(restarted->epoch(77) != first);
    CHECK(restarted->epoch(77) != second);
  }
  Lives other_boot(host, "another boot");
  CHECK(host.state().keys().empty());
}

TEST_CASE("link lives: a kill before a holder has the mark does not make it count what was not ours") {
  testing::TestHost host;
  std::uint64_t before = 0, after = 0;
  SECTION("it came from elsewhere, with something in its counters") {
    Lives lives(host);
    lives->appear(5, true, false);
    after = lives->epoch(5);
  }
  SECTION("it was renamed away and came back") {
    Lives lives(host);
    lives->meet(5, true);
    before = lives->epoch(5);
    lives->rename(5, false, false);
    lives->rename(5, true, false);
    after = lives->epoch(5);
  }
  SECTION("a part of its counters fell") {
    Lives lives(host);
    lives->meet(5, true);
    before = lives->epoch(5);
    lives->restart(5, false);
    after = lives->epoch(5);
  }
  CHECK(after != before);
  CHECK(host.state().secured() > 0);
  const std::size_t secured = host.state().secured();
  Lives restarted(host);
  restarted->meet(5, true);
  CHECK(restarted->epoch(5) == after);
  CHECK(restarted->mark_due(5));
  CHECK(host.state().secured() == secured);  // what is there is not written again
}

TEST_CASE("link lives: a kill before a holder has counted it does not make a birth forgotten, for a day") {
  testing::TestHost host;
  {
    Lives lives(host);
    lives->appear(5, true, true);
    lives->appear(6, true, true);
    lives->rename(6, false, false);
    lives->restart(7, true);
    lives->appear(8, false, true);
    lives->rename(8, true, true);
  }
  CHECK(host.state().secured() > 0);
  {
    Lives restarted(host);
    for (const int index : {5, 6, 7, 8}) restarted->meet(index, true);
    CHECK(restarted->born(5));
    CHECK_FALSE(restarted->born(6));
    CHECK(restarted->born(7));
    CHECK(restarted->born(8));
    CHECK_FALSE(restarted->mark_due(5));
  }
  host.clock().advance(std::chrono::hours(25));
  Lives later(host);
  const std::uint64_t epoch = later->epoch(7);
  later->meet(7, true);
  CHECK_FALSE(later->born(7));
  CHECK(later->epoch(7) == epoch);
}

TEST_CASE("link lives: one that comes back after a kill is not counted as if it had never been away") {
  testing::TestHost host;
  std::uint64_t before = 0;
  {
    Lives lives(host);
    lives->meet(5, true);
    before = lives->epoch(5);
    lives->rename(5, false, false);
  }
  const bool while_away = GENERATE(false, true);
  Lives restarted(host);
  restarted->meet(5, while_away);  // back when we start, or later
  restarted->rename(5, true, false);
  CHECK(restarted->epoch(5) != before);
  CHECK(restarted->mark_due(5));
  restarted->marked(5);
  Lives again(host);
  again->meet(5, true);
  CHECK(again->epoch(5) == restarted->epoch(5));
}

TEST_CASE(
    "link lives: one that was renamed away while nobody looked has samples that the next ones must not grow from") {
  testing::TestHost host;
  Lives lives(host);
  const std::uint64_t before = lives->epoch(5);
  const bool used = GENERATE(false, true);
  lives->meet(5, false, used);
  if (GENERATE(false, true)) {
    Lives again(host);
    again->meet(5, false, used);
    again->rename(5, true, false);
    CHECK((again->epoch(5) != before) == used);
    CHECK(again->mark_due(5));
    return;
  }
  lives->rename(5, true, false);
  CHECK((lives->epoch(5) != before) == used);
  CHECK(lives->mark_due(5));
}

TEST_CASE("link lives: what the state says wrongly is thrown away") {
  testing::TestHost host;
  for (const char* name : {"", "generation/", "generation/x", "generation/-1", "generation/07", "other/3",
                           "generation/99999999999999999999"})
    host.state().put(name, "boot net 5");
  host.state().put("generation/3", "boot other 5");
  const Lives lives(host);
  CHECK(host.state().keys().empty());
}

TEST_CASE("link lives: without a boot id there are no epochs and no state") {
  testing::TestHost host;
  Lives lives(host, "");
  lives->appear(3, true, true);
  lives->end(3);
  lives->appear(3, true, true);
  CHECK(lives->epoch(3) == 0);
  CHECK(host.state().keys().empty());
}

TEST_CASE("link lives: those that are gone without a word are ended") {
  testing::TestHost host;
  Lives lives(host);
  lives->meet(3, true);
  lives->meet(4, true);
  const std::uint64_t before = lives->epoch(4);
  lives->keep_only({3});
  CHECK(lives->known(3));
  CHECK_FALSE(lives->known(4));
  lives->appear(4, true, false);
  CHECK(lives->epoch(4) != before);
}

TEST_CASE("link lives: an index that was given before this start is known to be given again") {
  testing::TestHost host;
  std::uint64_t first = 0;
  {
    Lives lives(host);
    lives->appear(801, true, true);
    first = lives->epoch(801);
    lives->end(801);
  }
  const bool watched_at_once = GENERATE(true, false), from_zero = GENERATE(true, false);
  Lives restarted(host);
  restarted->meet(1, true);
  restarted->keep_only({1});
  restarted->appear(801, watched_at_once, from_zero);
  restarted->rename(801, true, from_zero);
  CHECK(restarted->epoch(801) != first);
  CHECK(restarted->born(801) == from_zero);
  restarted->appear(802, true, true);  // a new one goes by its index alone, which outlives the state
  CHECK(host.state().get("generation/802")->starts_with("boot net  born "));
}

TEST_CASE("link lives: what nobody watched when we looked last is not ours under the name it has now") {
  testing::TestHost host;
  {
    Lives lives(host);
    lives->meet(1, true);
    lives->meet(5, false);
    lives->appear(6, false, true);
    lives->appear(7, false, true);
    lives->end(7);
    lives->note_others();
    lives->appear(9, false, true);
    lives->note_others();
    CHECK(host.state().get("others") == "boot net 5 6 ");  // not all the time
    lives->close();
  }
  Lives restarted(host);
  restarted->meet(9, true);
  CHECK(restarted->mark_due(9));
  for (const int index : {1, 5, 6, 7, 8}) restarted->meet(index, true);
  CHECK_FALSE(restarted->mark_due(1));
  CHECK(restarted->mark_due(5));
  CHECK(restarted->mark_due(6));
  CHECK_FALSE(restarted->mark_due(7));  // another one, of which nobody knows better
  CHECK_FALSE(restarted->mark_due(8));
  Lives again(host);
  again->meet(5, true);
  CHECK(again->mark_due(5));
  CHECK(again->epoch(5) == restarted->epoch(5));
}

TEST_CASE("link lives: an index that was given again while nobody looked") {
  testing::TestHost host;
  std::uint64_t first = 0;
  {
    Lives lives(host);
    lives->meet(7, true);
    lives->meet(9, true);
    first = lives->epoch(7);
    lives->end(7);
    lives->note_others();
  }
  SECTION("it counts from zero") {
    Lives restarted(host);
    restarted->meet(7, true);
    CHECK(restarted->epoch(7) != first);
    CHECK_FALSE(restarted->mark_due(7));
    Lives again(host);
    again->meet(7, true, true);
    CHECK(again->epoch(7) == restarted->epoch(7));
  }
  SECTION("under a name that is not watched, and renamed later") {
    Lives restarted(host);
    restarted->meet(7, false);
    restarted->rename(7, true, false);
    CHECK(restarted->epoch(7) != first);
    CHECK(restarted->mark_due(7));
  }
  SECTION("the same over one more start") {
    {
      Lives restarted(host);
      restarted->meet(7, false);
      restarted->close();
    }
    Lives again(host);
    again->meet(7, GENERATE(false, true));
    again->rename(7, true, false);
    CHECK(again->epoch(7) != first);
    CHECK(again->mark_due(7));
  }
}

TEST_CASE("link lives: of more than can be kept nobody knows who was watched") {
  testing::TestHost host;
  {
    Lives lives(host);
    for (int index = 1; index <= 5'000; ++index) lives->meet(index, false);
    lives->note_others();
    CHECK(host.state().get("others")->size() < 32'000);
  }
  Lives restarted(host);
  restarted->meet(5'000, true);
  CHECK(restarted->mark_due(5'000));
}

TEST_CASE("link lives: what comes and goes without being ours is not written") {
  testing::TestHost host;
  Lives lives(host);
  for (int index = 1; index <= 100; ++index) {
    lives->appear(index, false, true);
    lives->end(index);
    lives->note_others();
    host.clock().advance(std::chrono::seconds(1));
  }
  CHECK(host.state().secured() == 0);
  CHECK(host.state().get("highest") == std::nullopt);
}

TEST_CASE("link lives: a restart is another life, from zero or from a mark") {
  testing::TestHost host;
  Lives lives(host);
  lives->meet(3, true);
  const std::uint64_t before = lives->epoch(3);
  lives->restart(3, true);
  const std::uint64_t zeroed = lives->epoch(3);
  CHECK(zeroed != before);
  CHECK(lives->born(3));
  CHECK_FALSE(lives->mark_due(3));
  lives->restart(3, false);
  CHECK(lives->epoch(3) != zeroed);
  CHECK_FALSE(lives->born(3));
  CHECK(lives->mark_due(3));
}

TEST_CASE("link lives: a fall is told from growth and from a driver's step back") {
  const LinkCounters before = counters(1000, 500, 10, 4);
  CHECK(fell(before, before) == Fall::none);
  CHECK(fell(before, counters(2000, 500, 11, 4)) == Fall::none);
  CHECK(fell(before, counters(999, 501, 10, 4)) == Fall::none);  // some drivers are not exact
  CHECK(fell(before, counters(1000, 500, 10, 0)) == Fall::none);
  CHECK(fell(before, counters(100, 50, 1, 0)) == Fall::all);
  CHECK(fell(before, counters(0, 0, 0, 0)) == Fall::all);
  CHECK(fell(before, counters(100, 510, 11, 4)) == Fall::some);
  CHECK(fell(before, counters(100, 50, 1, 4)) == Fall::some);  // the drops would be counted twice
  CHECK(fell(LinkCounters{}, before) == Fall::none);
  CHECK(fell(before, LinkCounters{}) == Fall::none);  // unreadable is not zero
}

TEST_CASE("link lives: zero means that nothing was carried") {
  CHECK(at_zero(LinkCounters{}));
  CHECK(at_zero(counters(0, 0, 0, 0)));
  CHECK_FALSE(at_zero(counters(0, 1, 0, 0)));
  CHECK_FALSE(at_zero(counters(0, 0, 0, 1)));
}

}  // namespace
