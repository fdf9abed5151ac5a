// Interfaces that get another name, watched or not, while the input looks on and while it does not.
#include "watched_tree.hpp"

namespace {

using namespace trafficd;
using namespace trafficd::interface;

TEST_CASE("interface: what it carried between two times under a watched name is not counted") {
  Tree tree;
  tree.add("eth0", 2, 100);
  Watch watch(tree, "match: [\"eth*\"]");
  const Batch before = watch.tick();
  tree.rename("eth0", "other");
  CHECK(watch.tick().empty());
  tree.count("other", 9'000, 0);
  tree.rename("other", "eth0");
  const Batch back = watch.tick();
  REQUIRE(back.size() == 1);
  CHECK(back[0].mark_only);
  CHECK(back[0].epoch != before[0].epoch);
}

TEST_CASE(
    "interface: what it carried is not counted either when it was renamed away while the daemon was not running") {
  Tree tree;
  tree.add("eth0", 2, 100);
  Watch watch(tree, "match: [\"eth*\"]");
  const Batch before = watch.tick();
  watch->close();
  tree.rename("eth0", "other");
  CHECK(watch.tick().empty());
  const bool restarted = GENERATE(false, true);
  if (restarted) watch->close();
  tree.count("other", 9'000, 0);
  tree.rename("other", "eth0");
  const Batch back = watch.tick();
  REQUIRE(back.size() == 1);
  CHECK(back[0].mark_only);
  CHECK(back[0].epoch != before[0].epoch);
}

TEST_CASE("interface: a renamed one keeps its life") {
  Tree tree;
  tree.add("eth0", 2, 100);
  Watch watch(tree);
  const Batch before = watch.tick();
  tree.rename("eth0", "lan0");
  tree.add("eth0", 3, 1);
  const Batch after = watch.tick();
  REQUIRE(names(after) == Names{"eth0", "lan0"});
  CHECK(of(after, "lan0").epoch == before[0].epoch);
  CHECK_FALSE(of(after, "lan0").born);
  CHECK(of(after, "eth0").born);
}

TEST_CASE("interface: one that gets a watched name only sets its mark") {
  Tree tree;
  tree.add("other", 2, 100);
  Watch watch(tree, "match: [\"eth*\"]");
  watch.tick();
  tree.rename("other", "eth0");
  const Batch first = watch.tick();
  REQUIRE(first.size() == 1);
  CHECK(first[0].mark_only);
  CHECK_FALSE(first[0].born);
  const Batch second = watch.tick();
  REQUIRE(second.size() == 1);
  CHECK_FALSE(second[0].mark_only);
  CHECK(second[0].epoch == first[0].epoch);
}

}  // namespace
