#include "unseen.hpp"

#include "catch.hpp"
#include "own_network.hpp"
#include "trafficd/testing/host.hpp"

namespace trafficd::pcap_input {
namespace {

using namespace std::chrono_literals;

struct Link {
  void counts(std::uint64_t bytes) { counter.bytes = bytes; }
  Unseen watch(bool comparable = true) {
    return {host, "lan0", comparable,
            [this](const std::string& name) { return name == "lan0" ? std::optional(counter) : std::nullopt; }};
  }
  /// Twice: what a look reads, a later one believes.
  void look(Unseen& unseen, std::uint64_t captured) {
    for (int i = 0; i < 2; ++i) {
      host.clock().advance(3s);
      unseen.look(captured);
    }
  }
  bool has_note() { return !host.state().keys().empty(); }

  testing::TestHost host;
  Counter counter{"boot 1 2", 0};
};

}  // namespace

TEST_CASE("unseen: what comes late was not missing") {
  Link link;
  link.counts(1500);
  Unseen unseen = link.watch();
  CHECK_FALSE(unseen.bytes());
  unseen.open(0);
  link.counts(2100);
  link.host.clock().advance(3s);
  unseen.look(0);
  CHECK(unseen.bytes() == 0);
  link.look(unseen, 600);
  CHECK(unseen.bytes() == 0);
}

TEST_CASE("unseen: what was dropped is missing, and stays so") {
  Link link;
  Unseen unseen = link.watch();
  unseen.open(0);
  link.counts(1000);
  link.look(unseen, 700);
  CHECK(unseen.bytes() == 300);
  link.counts(1100);
  link.look(unseen, 800);
  CHECK(unseen.bytes() == 300);
}

TEST_CASE("unseen: what passed between two starts is missing") {
  Link link;
  {
    Unseen unseen = link.watch();
    unseen.open(0);
    link.counts(1000);
    link.look(unseen, 900);
    CHECK(unseen.bytes() == 100);
    unseen.close(900);
  }
  link.counts(3000);
  Unseen unseen = link.watch();
  unseen.open(0);
  CHECK(unseen.bytes() == 2000);
  // However much passes, and is late, from then on.
  link.counts(3500);
  link.look(unseen, 400);
  CHECK(unseen.bytes() == 2100);
}

TEST_CASE("unseen: what passed while it was closed is missing once, however often it opens") {
  Link link;
  Unseen unseen = link.watch();
  unseen.open(0);
  unseen.close(0);
  link.counts(500);
  for (int i = 0; i < 3; ++i) {
    unseen.open(0);
    link.look(unseen, 0);
    CHECK(unseen.bytes() == 500);
    CHECK_FALSE(link.has_note());
    unseen.close(0);
  }
}

TEST_CASE("unseen: after a kill nothing that was told is counted again") {
  Link link;
  link.watch().open(0);
  CHECK(link.host.state().secured() == 0);
  {
    Unseen stopped = link.watch();
    stopped.open(0);
    stopped.close(0);
    CHECK(link.has_note());
  }
  {
    Unseen killed = link.watch();
    killed.open(0);
    // Off the disk before the first sample goes on.
    CHECK_FALSE(link.has_note());
    CHECK(link.host.state().secured() == 1);
    link.counts(1000);
    link.look(killed, 1000);
    CHECK_FALSE(link.has_note());
  }
  Unseen unseen = link.watch();
  unseen.open(0);
  link.look(unseen, 0);
  CHECK(unseen.bytes() == 0);
}

TEST_CASE("unseen: where the interface counts less than passes, as a bridge, a pause shows all the same") {
  Link link;
  {
    Unseen unseen = link.watch();
    unseen.open(0);
    link.counts(10'000);
    link.look(unseen, 11'400);
    CHECK(unseen.bytes() == 0);
    unseen.close(11'400);
  }
  link.counts(10'500);
  Unseen unseen = link.watch();
  unseen.open(0);
  link.counts(20'500);
  link.look(unseen, 11'400);
  CHECK(unseen.bytes() == 500);
}

TEST_CASE("unseen: an interface that is made anew begins anew, and what was missing stays") {
  Link link;
  Unseen unseen = link.watch();
  unseen.open(0);
  link.counts(1000);
  link.look(unseen, 900);
  link.counter = {"boot 1 3", 0};
  unseen.open(900);
  link.counts(300);
  link.look(unseen, 1100);
  CHECK(unseen.bytes() == 200);
  // Down and up again is the same life.
  unseen.open(1100);
  link.look(unseen, 1100);
  CHECK(unseen.bytes() == 200);
}

TEST_CASE("unseen: another interface that got the name is not counted") {
  Link link;
  Unseen unseen = link.watch();
  unseen.open(0);
  link.counts(1000);
  link.look(unseen, 1000);
  link.counter = {"boot 1 3", 50'000};
  link.look(unseen, 1000);
  CHECK(unseen.bytes() == 0);
  unseen.close(1000);
  CHECK_FALSE(link.has_note());
}

TEST_CASE("unseen: a run that does not see all leaves no note for the next one") {
  Link link;
  {
    Unseen unseen = link.watch();
    unseen.open(0);
    unseen.close(0);
  }
  Unseen partial = link.watch(false);
  partial.open(0);
  link.look(partial, 0);
  CHECK_FALSE(partial.bytes());
  partial.close(0);
  CHECK_FALSE(link.has_note());
}

TEST_CASE("unseen: where the kernel does not count, or counts twice, nothing is said") {
  Link link;
  const auto read = [&](const std::string&) { return std::optional(link.counter); };
  Unseen loopback(link.host, "lo", true, read);
  loopback.open(0);
  CHECK_FALSE(loopback.bytes());
  Unseen gone(link.host, "lan1", true, [](const std::string&) { return std::optional<Counter>(); });
  gone.open(0);
  link.look(gone, 0);
  CHECK_FALSE(gone.bytes());
  gone.close(0);
  CHECK_FALSE(link.has_note());
}

TEST_CASE("unseen: the kernel's counter is that of the network namespace that one is in") {
  const std::string outside = kernel_counter("lo") ? kernel_counter("lo")->life : "";
  CHECK_FALSE(kernel_counter("no_such_link"));
  const auto network = OwnNetwork::make();
  if (!network) {
    WARN("no right to make network namespaces: not tested");
    return;
  }
  const auto before = kernel_counter("near");
  REQUIRE(before);
  network->send("near", 3, 100);
  const auto after = kernel_counter("near");
  REQUIRE(after);
  CHECK(after->life == before->life);
  CHECK(after->bytes >= before->bytes + 300);
  REQUIRE(kernel_counter("lo"));
  CHECK(kernel_counter("lo")->life != outside);
  network->ip({"link", "set", "near", "down"});
  network->ip({"link", "set", "near", "name", "renamed"});
  network->ip({"link", "add", "near", "type", "veth", "peer", "name", "other"});
  REQUIRE(kernel_counter("near"));
  CHECK(kernel_counter("near")->life != before->life);
  CHECK(kernel_counter("renamed")->life == before->life);
}

}  // namespace trafficd::pcap_input
