#include "accountant.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "allocations.hpp"
#include "catch.hpp"
#include "config.hpp"
#include "crowd.hpp"
#include "measurements.hpp"
#include "packet/made_frames.hpp"
#include "trafficd/testing/host.hpp"

namespace trafficd::pcap_input {
namespace {

using namespace packet::made;

const std::string anna = "02:00:00:00:00:0a", ben = "02:00:00:00:00:0b", router = "02:00:00:00:00:01",
                  upstream = "02:00:00:00:00:02", all = "ff:ff:ff:ff:ff:ff", group = "33:33:00:00:00:01";

AccountantSettings settings(std::size_t max_rows = 100) { return {.networks = usual_networks(), .max_rows = max_rows}; }

void see(Accountant& accountant, const Bytes& bytes, std::uint32_t length = 0) {
  accountant.see(1'700'000'000, length != 0 ? length : static_cast<std::uint32_t>(bytes.size()), bytes.data(),
                 static_cast<std::uint32_t>(bytes.size()));
}

std::string tag(const Sample& sample, std::string_view key) {
  return std::string(sample.series->tag(key).value_or(""));
}

std::uint64_t value(const Sample& sample, std::string_view field) {
  return sample.values[*sample.series->measurement().field(field)].as_unsigned();
}

/// What an accountant says, a line for each row: who, family, scope, packets/bytes received and sent.
class Told {
 public:
  explicit Told(Accountant& accountant, std::int64_t max_series = 10'000)
      : host_({.max_series = max_series}), accountant_(accountant), teller_(host_, "lan0") {}

  Batch tell() {
    Batch batch;
    teller_.tell(accountant_, {}, host_.clock().now(), batch);
    return batch;
  }
  std::vector<std::string> lines() {
    std::vector<std::string> lines;
    for (const Sample& sample : tell()) {
      if (sample.series->measurement().name() != "device") continue;
      std::string device = tag(sample, "device");
      if (device.starts_with("02:00:00:00:00:")) device = device.substr(15);
      lines.push_back(device + " " + tag(sample, "family") + " " + tag(sample, "scope") + " rx " +
                      std::to_string(value(sample, "rx_packets")) + "/" + std::to_string(value(sample, "rx_bytes")) +
                      " tx " + std::to_string(value(sample, "tx_packets")) + "/" +
                      std::to_string(value(sample, "tx_bytes")) + (tag(sample, "gateway") == "yes" ? " gateway" : ""));
    }
    std::ranges::sort(lines);
    return lines;
  }

 private:
  testing::TestHost host_;
  Accountant& accountant_;
  Teller teller_;
};

using Lines = std::vector<std::string>;

Lines booked(Accountant& accountant) { return Told(accountant).lines(); }

}  // namespace

TEST_CASE("a device is seen from itself, on the wire's bytes, by family") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 600);
  see(accountant, frame(router, anna, ip("198.51.100.1", "192.168.1.10")), 1514);
  see(accountant, frame(router, anna, ip("2001:db8::1", "fd00::a")), 90);
  CHECK(booked(accountant) == Lines{"0a ipv4 internet rx 1/1514 tx 1/600", "0a ipv6 internet rx 1/90 tx 0/0"});
  CHECK(accountant.unattributed_bytes() == 0);
}

TEST_CASE("local traffic and what is for many stand apart from the internet") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  see(accountant, frame(anna, ben, ip("192.168.1.10", "172.31.255.254")), 100);
  see(accountant, frame(anna, ben, ip("fe80::a", "fe80::b")), 200);
  see(accountant, frame(anna, all, ip("0.0.0.0", "255.255.255.255")), 300);
  see(accountant, frame(anna, group, ip("fe80::a", "ff02::1")), 400);
  see(accountant, frame(anna, ben, ip("192.168.1.10", "239.1.2.3")), 500);  // a group by its address only
  see(accountant, ethernet(anna, all, 0x0806, Bytes(46)));
  see(accountant, ethernet(ben, anna, 0x0806, Bytes(46)));
  CHECK(booked(accountant) ==
        Lines{"0a ipv4 local rx 0/0 tx 1/100", "0a ipv4 multicast rx 0/0 tx 2/800", "0a ipv6 local rx 0/0 tx 1/200",
              "0a ipv6 multicast rx 0/0 tx 1/400", "0a other local rx 1/60 tx 0/0", "0a other multicast rx 0/0 tx 1/60",
              "0b ipv4 local rx 1/100 tx 0/0", "0b ipv6 local rx 1/200 tx 0/0", "0b other local rx 0/0 tx 1/60"});
}

TEST_CASE("who carries packets of the internet is a gateway and no client") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 600);
  see(accountant, frame(anna, router, ip("192.168.1.10", "192.168.1.1")), 80);
  CHECK(booked(accountant) == Lines{"01 ipv4 local rx 1/80 tx 0/0 gateway", "0a ipv4 internet rx 0/0 tx 1/600",
                                    "0a ipv4 local rx 0/0 tx 1/80"});
}

TEST_CASE("with a one-arm gateway, where each packet passes twice, each counts once") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  // The capture begins between the two passes of a packet.
  see(accountant, frame(router, upstream, ip("192.168.1.1", "198.51.100.1")), 600);
  see(accountant, frame(upstream, router, ip("198.51.100.1", "192.168.1.1")), 1000);
  see(accountant, frame(router, anna, ip("198.51.100.1", "192.168.1.10")), 1000);
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 700);
  see(accountant, frame(router, upstream, ip("192.168.1.1", "198.51.100.1")), 700);
  CHECK(booked(accountant) == Lines{"0a ipv4 internet rx 1/1000 tx 1/700"});
  CHECK(accountant.unattributed_bytes() == 600 + 1000 + 700);
}

TEST_CASE("what a gateway was told to have used before it was known stays, and goes on no further") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  Told told(accountant);
  see(accountant, frame(router, upstream, ip("192.168.1.1", "198.51.100.1")), 600);
  CHECK(told.lines() == Lines{"01 ipv4 internet rx 0/0 tx 1/600"});
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 700);
  see(accountant, frame(router, upstream, ip("192.168.1.1", "198.51.100.1")), 700);
  CHECK(told.lines() == Lines{"0a ipv4 internet rx 0/0 tx 1/700"});
  CHECK(accountant.unattributed_bytes() == 700);
}

TEST_CASE("gateways that are named are the only ones") {
  AccountantSettings with = settings();
  with.gateways = {packet::load48(hardware(ben).data())};
  Accountant accountant(with);
  accountant.set_link(packet::Link::ethernet);
  see(accountant, frame(router, upstream, ip("192.168.1.1", "198.51.100.1")), 600);
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 700);
  see(accountant, frame(ben, anna, ip("192.168.1.11", "198.51.100.1")), 50);
  CHECK(booked(accountant) == Lines{"01 ipv4 internet rx 0/0 tx 1/600", "0a ipv4 internet rx 0/0 tx 1/700"});
  CHECK(accountant.unattributed_bytes() == 50);
}

TEST_CASE("a device with a global IPv6 address stays the same device") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  SECTION("by the interface's own networks") { accountant.set_own_networks({*parse_network("2001:db8:1::/64")}); }
  SECTION("by what neighbours ask for") {
    Bytes solicitation = Bytes{135, 0, 0, 0, 0, 0, 0, 0} + address("2001:db8:1::5");
    see(accountant, frame(ben, group, ip("fe80::b", "ff02::1:ff00:5", 58, solicitation, 255)), 100);
    solicitation[0] = 136;
    see(accountant, frame(ben, anna, ip("fe80::b", "fe80::a", 58, solicitation, 255)), 100);
  }
  SECTION("by what neighbours answer") {
    Bytes advertisement = Bytes{136, 0, 0, 0, 0, 0, 0, 0} + address("2001:db8:1::5");
    see(accountant, frame(ben, anna, ip("fe80::b", "fe80::a", 58, advertisement, 255)), 100);
  }
  SECTION("by its gateway, where nobody has said the prefix") {
    see(accountant, frame(ben, router, ip("192.168.1.11", "198.51.100.1")), 100);
  }
  see(accountant, frame(anna, router, ip("2001:db8:1::a", "2001:db8:ffff::1")), 1000);
  see(accountant, frame(router, anna, ip("2001:db8:ffff::1", "2001:db8:1::a")), 2000);
  const Lines lines = booked(accountant);
  CHECK(std::ranges::count(lines, "0a ipv6 internet rx 1/2000 tx 1/1000") == 1);
}

TEST_CASE("what has an address of the link itself never makes a gateway, whatever the networks are") {
  AccountantSettings with = settings();
  with.networks = {*parse_network("192.168.0.0/16")};
  Accountant accountant(with);
  accountant.set_link(packet::Link::ethernet);
  const Bytes solicitation = Bytes{135, 0, 0, 0, 0, 0, 0, 0} + address("2001:db8:1::b");
  see(accountant, frame(anna, ben, ip("fe80::a", "2001:db8:1::b", 58, solicitation, 255)), 100);
  see(accountant, frame(anna, ben, ip("fe80::a", "2001:db8:7::b")), 100);
  see(accountant, frame(ben, anna, ip("169.254.1.1", "198.51.100.1")), 100);
  CHECK(accountant.gateway_changes() == 0);
  see(accountant, frame(ben, router, ip("192.168.1.11", "198.51.100.1")), 60);
  const Lines lines = booked(accountant);
  CHECK(std::ranges::count(lines, "0b ipv4 internet rx 0/0 tx 1/60") == 1);
}

TEST_CASE("neighbours with global addresses are heard before anybody knows their prefix") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  const Bytes solicitation = Bytes{135, 0, 0, 0, 0, 0, 0, 0} + address("2001:db8:1::b");
  see(accountant, frame(anna, ben, ip("2001:db8:1::a", "2001:db8:1::b", 58, solicitation, 255)), 100);
  CHECK(booked(accountant) == Lines{"0a ipv6 local rx 0/0 tx 1/100", "0b ipv6 local rx 1/100 tx 0/0"});
}

TEST_CASE("a device that is found to be a gateway is called so when it is told again, and no longer when it is none") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  Told told(accountant);
  see(accountant, frame(anna, ben, ip("192.168.1.10", "192.168.1.11")), 50);
  for (int i = 0; i < 3; ++i) told.lines();
  see(accountant, frame(anna, ben, ip("192.168.1.10", "198.51.100.1")), 60);
  told.lines();
  see(accountant, frame(anna, ben, ip("192.168.1.10", "192.168.1.11")), 50);
  Lines lines = told.lines();
  CHECK(std::ranges::count(lines, "0b ipv4 local rx 2/100 tx 0/0 gateway") == 1);
  accountant.set_own_networks({*parse_network("198.51.100.0/24")});
  see(accountant, frame(anna, ben, ip("192.168.1.10", "192.168.1.11")), 50);
  lines = told.lines();
  CHECK(std::ranges::count(lines, "0b ipv4 local rx 3/150 tx 0/0") == 1);
}

TEST_CASE("who was taken for a gateway before its prefix was known is a device again") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  see(accountant, frame(anna, ben, ip("2001:db8:1::a", "fd00::b")), 100);
  CHECK(accountant.is_gateway(packet::load48(hardware(anna).data())));
  const Bytes advertisement = Bytes{136, 0, 0, 0, 0, 0, 0, 0} + address("2001:db8:1::5");
  see(accountant, frame(ben, anna, ip("fe80::b", "fe80::a", 58, advertisement, 255)), 100);
  CHECK_FALSE(accountant.is_gateway(packet::load48(hardware(anna).data())));
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 600);
  const Lines lines = booked(accountant);
  CHECK(std::ranges::count(lines, "0a ipv4 internet rx 0/0 tx 1/600") == 1);
}

TEST_CASE("on a link without hardware addresses, a device is an address of ours") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::raw);
  see(accountant, ip("10.8.0.2", "198.51.100.1"), 600);
  see(accountant, ip("2001:db8::1", "fd00::2"), 700);
  see(accountant, ip("10.8.0.2", "10.8.0.3"), 50);
  see(accountant, ip("10.8.0.2", "224.0.0.1"), 40);
  see(accountant, ip("198.51.100.1", "198.51.100.2"), 30);
  CHECK(booked(accountant) == Lines{"10.8.0.2 ipv4 internet rx 0/0 tx 1/600", "10.8.0.2 ipv4 local rx 0/0 tx 1/50",
                                    "10.8.0.2 ipv4 multicast rx 0/0 tx 1/40", "10.8.0.3 ipv4 local rx 1/50 tx 0/0",
                                    "fd00::2 ipv6 internet rx 1/700 tx 0/0"});
  CHECK(accountant.unattributed_bytes() == 30);
}

TEST_CASE(
    "on a link without hardware addresses, who talks to a link-local address is on it, and what is for many is told") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::cooked);
  const auto cooked = [](std::uint8_t type, std::uint16_t kind, const Bytes& packet) {
    return Bytes{0, type} + Bytes(12) + big16(kind) + packet;
  };
  see(accountant, cooked(0, 0x86dd, ip("fe80::1", "2001:db8::1")), 100);
  see(accountant, cooked(0, 0x86dd, ip("2001:db8::1", "fe80::1")), 200);
  see(accountant, cooked(1, 0x0800, ip("192.168.1.10", "192.168.1.255")), 300);
  see(accountant, cooked(1, 0x0806, Bytes(28)), 40);
  CHECK(booked(accountant) == Lines{"192.168.1.10 ipv4 multicast rx 0/0 tx 1/300",
                                    "2001:db8::1 ipv6 local rx 1/100 tx 1/200",
                                    "fe80::1 ipv6 local rx 1/200 tx 1/100"});
  CHECK(accountant.unattributed_bytes() == 40);
}

TEST_CASE("an answer that tells of a prefix makes nobody a gateway") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  const Bytes advertisement = Bytes{136, 0, 0, 0, 0, 0, 0, 0} + address("2001:db8:1::5");
  see(accountant, frame(ben, anna, ip("2001:db8:1::5", "fd00::a", 58, advertisement, 255)), 100);
  CHECK(booked(accountant) == Lines{"0a ipv6 local rx 1/100 tx 0/0", "0b ipv6 local rx 0/0 tx 1/100"});
}

TEST_CASE("what cannot be read belongs to nobody, and is told") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  Bytes cut = frame(anna, router, ip("192.168.1.10", "198.51.100.1"));
  cut.resize(30);
  see(accountant, cut, 1514);
  Told told(accountant);
  const Batch batch = told.tell();
  REQUIRE(batch.size() == 1);
  CHECK(tag(batch[0], "interface") == "lan0");
  CHECK(value(batch[0], "packets") == 1);
  CHECK(value(batch[0], "undecoded") == 1);
  CHECK(value(batch[0], "unattributed_bytes") == 1514);
}

TEST_CASE("a row is told when it changes, and once more, so that its rate falls to nothing") {
  Accountant accountant(settings());
  accountant.set_link(packet::Link::ethernet);
  Told told(accountant);
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 600);
  CHECK(told.lines().size() == 1);
  CHECK(told.lines().size() == 1);
  CHECK(told.lines().empty());
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 600);
  CHECK(told.lines() == Lines{"0a ipv4 internet rx 0/0 tx 2/1200"});
}

namespace {

/// What somebody knows who heard all that was told.
struct Listener {
  std::map<std::pair<std::string, std::uint64_t>, std::uint64_t> counted;
  std::map<std::uint64_t, std::string> owner;

  std::uint64_t hear(const Batch& batch) {
    std::uint64_t nobody = 0;
    for (const Sample& sample : batch) {
      if (sample.series->measurement().name() == "capture") {
        nobody = value(sample, "unattributed_bytes");
        continue;
      }
      const std::string scope = tag(sample, "scope");
      const std::string who = tag(sample, "device") + " " + tag(sample, "family") + " " + scope;
      // A life belongs to one row for ever, and never falls.
      const std::string& first = owner.emplace(sample.epoch, who).first->second;
      REQUIRE(first == who);
      std::uint64_t& before = counted[{who, sample.epoch}];
      const std::uint64_t now = value(sample, "tx_bytes") + (scope == "internet" ? value(sample, "rx_bytes") : 0);
      REQUIRE(now >= before);
      before = now;
    }
    std::uint64_t sum = nobody;
    for (const auto& [key, bytes] : counted) sum += bytes;
    return sum;
  }
};

}  // namespace

TEST_CASE("whatever passes and however small the table is, what was told explains every byte") {
  const auto [seed, devices, rows] = GENERATE(table<unsigned, unsigned, std::size_t>(
      {{1, 5, 100}, {2, 5, 16}, {3, 1000, 16}, {4, 1000, 100}, {5, 300, 500}, {6, 3000, 10'000}}));
  Accountant accountant(settings(rows));
  accountant.set_link(packet::Link::ethernet);
  Told told(accountant);
  Listener listener;
  Crowd crowd(seed, devices);
  for (int round = 0; round < 60; ++round) {
    for (unsigned i = crowd.below(300); i > 0; --i) {
      const Bytes bytes = crowd.next();
      accountant.see(1'700'000'000 + round * 10, 60 + crowd.below(1500), bytes.data(),
                     static_cast<std::uint32_t>(bytes.size()));
    }
    REQUIRE(listener.hear(told.tell()) == accountant.totals().bytes);
    REQUIRE(accountant.rows().in_use() <= rows);
  }
}

TEST_CASE("where there is no room for series, all is told as other, also while receivers hold on to old ones") {
  const auto [seed, devices, most] =
      GENERATE(table<unsigned, unsigned, std::int64_t>({{1, 300, 20}, {2, 300, 100}, {3, 3000, 200}}));
  Accountant accountant(settings(500));
  accountant.set_link(packet::Link::ethernet);
  Told told(accountant, most);
  Listener listener;
  Crowd crowd(seed, devices);
  std::vector<Batch> held;  // as queues hold them
  for (int round = 0; round < 40; ++round) {
    for (unsigned i = crowd.below(300); i > 0; --i) see(accountant, crowd.next(), 60 + crowd.below(1500));
    if (crowd.below(5) == 0) accountant.set_own_networks({*parse_network(concat("2001:db8:", round, "::/64"))});
    Batch batch = told.tell();
    for (const Sample& sample : batch) REQUIRE_FALSE(sample.series->muted());
    REQUIRE(listener.hear(batch) == accountant.totals().bytes);
    held.push_back(std::move(batch));
    if (crowd.below(10) == 0) held.clear();
  }
}

TEST_CASE("no packet allocates, also not the first of a device") {
  Accountant accountant(settings(2000));
  accountant.set_link(packet::Link::ethernet);
  Crowd crowd(7, 3000);
  std::vector<Bytes> packets;
  for (int i = 0; i < 20'000; ++i) packets.push_back(crowd.next());
  const std::uint64_t before = allocations();
  for (const Bytes& bytes : packets) see(accountant, bytes);
  CHECK(allocations() == before);
  CHECK(accountant.rows().in_use() > 1000);
}

TEST_CASE("a table that is full counts the rest as other, and makes room for those that come") {
  Accountant accountant(settings(16));
  accountant.set_link(packet::Link::ethernet);
  Told told(accountant);
  for (int i = 0; i < 30; ++i) {
    const std::string device = "02:00:00:00:01:" + std::to_string(10 + i);
    see(accountant, frame(device, router, ip("192.168.1.10", "198.51.100.1")), 100);
  }
  const Lines first = told.lines();
  CHECK(first.size() == 17);
  CHECK(std::ranges::count(first, "other ipv4 internet rx 0/0 tx 14/1400") == 1);
  told.lines();
  CHECK(accountant.rows().evictions() > 0);
  see(accountant, frame(anna, router, ip("192.168.1.10", "198.51.100.1")), 100);
  CHECK(told.lines() == Lines{"0a ipv4 internet rx 0/0 tx 1/100"});
}

}  // namespace trafficd::pcap_input
