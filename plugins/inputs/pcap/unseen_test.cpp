#include "unseen.hpp"

#include "catch.hpp"
#include "trafficd/testing/host.hpp"
#include "trafficd/units.hpp"

namespace trafficd::pcap_input {
namespace {

using namespace std::chrono_literals;

struct Link {
  Link() { born(2); }
  void born(int index) {
    tree.write("proc/sys/kernel/random/boot_id", "1b0c2f9e-0000-4000-8000-000000000001\n");
    tree.write("sys/class/net/lan0/ifindex", concat(index, "\n"));
    counts(0, 0);
  }
  void counts(std::uint64_t rx, std::uint64_t tx) const {
    tree.write("sys/class/net/lan0/statistics/rx_bytes", concat(rx, "\n"));
    tree.write("sys/class/net/lan0/statistics/tx_bytes", concat(tx, "\n"));
  }
  Unseen watch() { return {host, "lan0", true, tree.path()}; }
  void look(Unseen& unseen, std::uint64_t captured) {
    host.clock().advance(3s);
    unseen.look(captured);
  }

  testing::TempFolder tree;
  testing::TestHost host;
};

}  // namespace

TEST_CASE("unseen: what comes late was not missing") {
  Link link;
  link.counts(1000, 500);
  Unseen unseen = link.watch();
  CHECK_FALSE(unseen.bytes());
  unseen.open(0);
  link.counts(1600, 500);
  link.look(unseen, 0);
  CHECK(unseen.bytes() == 0);
  link.look(unseen, 600);
  CHECK(unseen.bytes() == 0);
}

TEST_CASE("unseen: what was dropped is missing, and stays so") {
  Link link;
  Unseen unseen = link.watch();
  unseen.open(0);
  link.counts(500, 500);
  link.look(unseen, 700);
  link.look(unseen, 700);
  CHECK(unseen.bytes() == 300);
  link.counts(600, 500);
  link.look(unseen, 800);
  link.look(unseen, 800);
  CHECK(unseen.bytes() == 300);
}

TEST_CASE("unseen: what passed between two starts is missing") {
  Link link;
  {
    Unseen unseen = link.watch();
    unseen.open(0);
    link.counts(500, 500);
    link.look(unseen, 900);
    link.look(unseen, 900);
    CHECK(unseen.bytes() == 100);
  }
  link.counts(2000, 1000);
  Unseen unseen = link.watch();
  unseen.open(0);
  link.look(unseen, 0);
  link.look(unseen, 0);
  CHECK(unseen.bytes() == 2000);
}

TEST_CASE("unseen: an interface that is made anew begins anew, and what was missing stays") {
  Link link;
  Unseen unseen = link.watch();
  unseen.open(0);
  link.counts(500, 500);
  link.look(unseen, 900);
  link.look(unseen, 900);
  link.born(3);
  unseen.open(900);
  link.counts(300, 0);
  link.look(unseen, 1100);
  link.look(unseen, 1100);
  CHECK(unseen.bytes() == 200);
  // Down and up again is the same life.
  unseen.open(1100);
  link.look(unseen, 1100);
  CHECK(unseen.bytes() == 200);
}

TEST_CASE("unseen: where not all is captured, or the kernel does not count, nothing is said") {
  Link link;
  Unseen partial(link.host, "lan0", false, link.tree.path());
  partial.open(0);
  link.look(partial, 0);
  CHECK_FALSE(partial.bytes());
  Unseen gone(link.host, "lan1", true, link.tree.path());
  gone.open(0);
  link.look(gone, 0);
  CHECK_FALSE(gone.bytes());
}

}  // namespace trafficd::pcap_input
