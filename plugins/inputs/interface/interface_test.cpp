// The input on a tree of its own: what it reads, whom it watches, and how it tells the lives of interfaces apart.
#include <limits>

#include "watched_tree.hpp"

namespace {

using namespace trafficd;
using namespace trafficd::interface;

TEST_CASE("interface: counters and state are read at each tick") {
  Tree tree;
  tree.add("eth0", 2, 1000, 200);
  tree.set("eth0", "statistics/rx_dropped", "3\n");
  tree.set("eth0", "speed", "1000\n");
  Watch watch(tree);
  const Batch first = watch.tick();
  REQUIRE(first.size() == 1);
  CHECK(value(first[0], "rx_bytes") == Value(1000));
  CHECK(value(first[0], "tx_bytes") == Value(200));
  CHECK(value(first[0], "rx_dropped") == Value(3));
  CHECK(value(first[0], "speed") == Value(std::uint64_t{1'000'000'000}));
  CHECK(value(first[0], "up") == Value(1));
  CHECK(first[0].series->traits() == CounterTraits{64, 250'000'000});
  CHECK(first[0].time == testing::ManualClock::default_start);
  CHECK_FALSE(first[0].born);

  tree.count("eth0", 1500, 250);
  tree.set("eth0", "operstate", "down\n");
  const Batch second = watch.tick();
  REQUIRE(second.size() == 1);
  CHECK(value(second[0], "rx_bytes") == Value(1500));
  CHECK(value(second[0], "up") == Value(0));
  CHECK(second[0].series == first[0].series);
  CHECK(second[0].epoch == first[0].epoch);
  CHECK(second[0].time == testing::ManualClock::default_start + 10s);
}

TEST_CASE("interface: an epoch comes from boot, index and instance alone") {
  Tree tree;
  tree.add("eth0", 2);
  tree.add("eth1", 3);
  const Batch before = Watch(tree).tick();
  const Batch restarted = Watch(tree).tick();
  CHECK(of(before, "eth0").epoch != 0);
  CHECK(of(before, "eth0").epoch != of(before, "eth1").epoch);
  CHECK(of(before, "eth0").epoch == of(restarted, "eth0").epoch);
  CHECK_FALSE(of(restarted, "eth0").born);

  testing::Bench other(*trafficd_input_interface(), tree.yaml(), {.id = "other"});
  REQUIRE(other.collect().is_ok());
  CHECK(of(other.samples(), "eth0").epoch != of(before, "eth0").epoch);

  tree.proc("sys/kernel/random/boot_id", "1b0c2f9e-0000-4000-8000-000000000002\n");
  CHECK(of(Watch(tree).tick(), "eth0").epoch != of(before, "eth0").epoch);

  tree.proc("sys/kernel/random/boot_id", "\n");
  Watch unknown(tree);
  CHECK(of(unknown.tick(), "eth0").epoch == 0);
  CHECK(unknown->log().contains(Level::warning, "boot_id"));
}

TEST_CASE("interface: one that appears while we run was born under our eyes") {
  Tree tree;
  tree.add("eth0", 2, 100);
  Watch watch(tree);
  watch.tick();
  tree.add("ppp0", 7, 5000);
  const Batch batch = watch.tick();
  CHECK(of(batch, "ppp0").born);
  CHECK_FALSE(of(batch, "eth0").born);
  CHECK(of(watch.tick(), "ppp0").born);
}

TEST_CASE("interface: one that is re-created under its name begins a new life") {
  Tree tree;
  tree.add("ppp0", 7, 5000);
  Watch watch(tree);
  const Batch before = watch.tick();
  tree.remove("ppp0");
  tree.add("ppp0", 8, 60);
  const Batch after = watch.tick();
  REQUIRE(names(after) == Names{"ppp0"});
  CHECK(after[0].epoch != before[0].epoch);
  CHECK(after[0].born);
  CHECK(value(after[0], "rx_bytes") == Value(60));
  CHECK(after[0].series->same_identity(*before[0].series));
}

TEST_CASE("interface: counters that a driver zeroed begin a new life") {
  Tree tree;
  tree.add("eth0", 2, 1000, 500);
  Watch watch(tree);
  const Batch before = watch.tick();
  SECTION("all of them: from zero") {
    tree.count("eth0", 30, 20);
    const Batch after = watch.tick();
    REQUIRE(after.size() == 1);
    CHECK(after[0].epoch != before[0].epoch);
    CHECK(after[0].born);
    CHECK_FALSE(after[0].mark_only);
    CHECK(value(after[0], "rx_bytes") == Value(30));
    CHECK(watch.tick().at(0).epoch == after[0].epoch);
  }
  SECTION("some of them: the others keep what they had, then a mark") {
    tree.count("eth0", 30, 700);
    const Batch after = watch.tick();
    REQUIRE(after.size() == 2);
    CHECK(after[0].epoch == before[0].epoch);
    CHECK(value(after[0], "rx_bytes") == Value(1000));
    CHECK(value(after[0], "tx_bytes") == Value(700));
    CHECK(after[1].epoch != before[0].epoch);
    CHECK_FALSE(after[1].born);
    CHECK(after[1].mark_only);
    CHECK(value(after[1], "rx_bytes") == Value(30));
    const Batch later = watch.tick();
    REQUIRE(later.size() == 1);
    CHECK_FALSE(later[0].mark_only);
    CHECK(later[0].epoch == after[1].epoch);
  }
  CHECK(watch->log().count(Level::warning) == 1);
  CHECK(watch->log().contains(Level::warning, "'eth0': its counters fell"));
  CHECK(watch->host().meter().counted("counter_resets") == 1);
}

TEST_CASE("interface: counters that fell while the daemon was away only set a mark") {
  Tree tree;
  tree.add("eth0", 2, 50'000'000, 5'000'000);
  Watch watch(tree);
  const Batch before = watch.tick();
  watch->close();
  tree.count("eth0", 30, 700);
  const Batch after = watch.tick();
  REQUIRE(after.size() == 1);
  CHECK(after[0].epoch != before[0].epoch);
  CHECK(after[0].mark_only);
  CHECK_FALSE(after[0].born);
  CHECK(value(after[0], "rx_bytes") == Value(30));
  const Batch later = watch.tick();
  CHECK(later.at(0).epoch == after[0].epoch);
  CHECK_FALSE(later.at(0).mark_only);
  watch->close();
  CHECK(watch.tick().at(0).epoch == after[0].epoch);
}

TEST_CASE("interface: on a kernel of 32 bits totals go on over the wraps of what it shows") {
  Tree tree;
  const std::uint64_t range = std::uint64_t{1} << 32;
  const bool narrow = GENERATE(true, false);
  tree.proc("sys/kernel/arch", narrow ? "armv7l\n" : "aarch64\n");
  tree.add("eth0", 2, range - 1'000, 10);
  tree.set("eth0", "speed", "1000\n");
  Watch watch(tree, "counters: all\n");
  const Batch before = watch.tick();
  tree.count("eth0", 500, 20);
  tree.set("eth0", "statistics/rx_packets", "3\n");
  const Batch after = watch.tick();
  CHECK((after.back().epoch == before.back().epoch) == narrow);
  REQUIRE(after.size() == (narrow ? 2 : 4));
  if (!narrow) return;
  CHECK(value(of(after, "eth0"), "rx_bytes") == Value(range + 500));
  CHECK(value(of(after, "eth0"), "tx_bytes") == Value(20));
  watch->close();
  tree.count("eth0", 600, 30);
  const Batch restarted = watch.tick();
  CHECK(of(restarted, "eth0").epoch == of(before, "eth0").epoch);
  CHECK(value(of(restarted, "eth0"), "rx_bytes") == Value(range + 600));
  CHECK(watch->host().meter().counted("counter_resets") == 0);
}

TEST_CASE("interface: one that vanishes is left out and the others go on") {
  Tree tree;
  tree.add("eth0", 2, 100);
  tree.add("wlan0", 3, 100);
  Watch watch(tree);
  CHECK(names(watch.tick()) == Names{"eth0", "wlan0"});
  tree.remove("eth0");
  CHECK(names(watch.tick()) == Names{"wlan0"});
  CHECK(watch->host().series_held() == 1);
}

TEST_CASE("interface: what cannot be read as a number is absent, counted and told once") {
  Tree tree;
  tree.add("eth0", 2, 100, 100);
  const std::string bad = GENERATE(as<std::string>{}, "", "\n", "12x\n", "-5\n", "0x10\n", "18446744073709551616\n",
                                   std::string(5000, '9'), std::string("7\0\n", 3));
  tree.set("eth0", "statistics/rx_bytes", bad);
  Watch watch(tree);
  const Batch batch = watch.tick();
  CHECK(value(batch.at(0), "rx_bytes").absent());
  CHECK(value(batch.at(0), "tx_bytes") == Value(100));
  watch.tick();
  CHECK(watch->host().meter().counted("unreadable_values") == 2);
  CHECK(watch->log().count(Level::warning) == 1);
  CHECK(watch->log().contains(Level::warning, "'eth0'"));
  tree.count("eth0", 7, 100);
  CHECK(value(watch.tick().at(0), "rx_bytes") == Value(7));
  CHECK(watch->log().contains(Level::info, "all counters can be read again"));
}

TEST_CASE("interface: numbers keep all their 64 bits") {
  Tree tree;
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  tree.add("eth0", 2, most, most - 1);
  const Batch batch = Watch(tree).tick();
  CHECK(value(batch.at(0), "rx_bytes") == Value(most));
  CHECK(value(batch.at(0), "tx_bytes") == Value(most - 1));
}

TEST_CASE("interface: missing files are absent values") {
  Tree tree;
  tree.add("eth0", 2, 5);
  fs::remove(tree.net() / "eth0/statistics/tx_bytes");
  fs::remove(tree.net() / "eth0/operstate");
  Watch watch(tree);
  const Batch batch = watch.tick();
  CHECK(value(batch.at(0), "rx_bytes") == Value(5));
  CHECK(value(batch.at(0), "tx_bytes").absent());
  CHECK(value(batch.at(0), "up").absent());
  CHECK(value(batch.at(0), "speed").absent());
  CHECK(watch->host().meter().counted("unreadable_values") == 0);
}

TEST_CASE("interface: a speed that the device does not know is absent") {
  Tree tree;
  tree.add("eth0", 2);
  tree.set("eth0", "speed", GENERATE("-1\n", "0\n", "4294967295\n", "fast\n", ""));
  const Batch batch = Watch(tree).tick();
  CHECK(value(batch.at(0), "speed").absent());
  CHECK(batch.at(0).series->traits().max_rate == 0);
}

TEST_CASE("interface: a changed speed travels with the series") {
  Tree tree;
  tree.add("eth0", 2);
  tree.set("eth0", "speed", "100\n");
  Watch watch(tree);
  CHECK(watch.tick().at(0).series->traits().max_rate == 25'000'000);
  tree.set("eth0", "speed", "2500\n");
  const Batch batch = watch.tick();
  CHECK(batch.at(0).series->traits().max_rate == 625'000'000);
  CHECK(value(batch.at(0), "speed") == Value(std::uint64_t{2'500'000'000}));
}

TEST_CASE("interface: without a state of its own the carrier tells whether it is up") {
  Tree tree;
  tree.add("wg0", 2);
  struct Case {
    const char *operstate, *carrier;
    int up;
  };
  const Case c = GENERATE(Case{"unknown\n", "1\n", 1}, Case{"unknown\n", "0\n", 0}, Case{"unknown\n", "", 0},
                          Case{"dormant\n", "1\n", 0}, Case{"up\n", "0\n", 1});
  tree.set("wg0", "operstate", c.operstate);
  tree.set("wg0", "carrier", c.carrier);
  CHECK(value(Watch(tree).tick().at(0), "up") == Value(c.up));
}

TEST_CASE("interface: counters: all adds a second measurement of the same life") {
  Tree tree;
  tree.add("eth0", 2, 5);
  tree.set("eth0", "statistics/multicast", "11\n");
  tree.set("eth0", "statistics/rx_nohandler", "12\n");
  const Batch batch = Watch(tree, "counters: all\n").tick();
  REQUIRE(batch.size() == 2);
  const Sample& detail = of(batch, "eth0", "interface_detail");
  CHECK(value(detail, "multicast") == Value(11));
  CHECK(value(detail, "rx_nohandler") == Value(12));
  CHECK(value(detail, "collisions").absent());
  CHECK(detail.epoch == of(batch, "eth0").epoch);
}

}  // namespace
