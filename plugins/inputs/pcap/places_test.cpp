#include "places.hpp"

#include <random>

#include "catch.hpp"
#include "config.hpp"
#include "packet/made_frames.hpp"

namespace trafficd::pcap_input {
namespace {

std::string place(const Places& places, const std::string& text) {
  const auto bytes = packet::made::address(text);
  switch (places.of(bytes.size() == 4 ? packet::Family::ipv4 : packet::Family::ipv6, bytes.data())) {
    case Place::remote: return "remote";
    case Place::local: return "local";
    case Place::on_link: return "link";
    case Place::multicast: break;
  }
  return "multicast";
}

Place place_of(const Places& places, const Network& address) {
  return places.of(address.ipv6 ? packet::Family::ipv6 : packet::Family::ipv4, address.address.data());
}

}  // namespace

TEST_CASE("private, shared and link-local addresses are ours, to their very edges") {
  const Places places(usual_networks());
  for (const char* each :
       {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255", "100.64.0.0",
        "100.127.255.255", "127.0.0.1", "0.0.0.0", "fc00::", "fdff::1", "::1", "::"}) {
    INFO(each);
    CHECK(place(places, each) == "local");
  }
  for (const char* each :
       {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "100.63.255.255",
        "100.128.0.0", "0.0.0.1", "8.8.8.8", "255.255.255.254", "fec0::1", "fe00::", "2001:db8::1", "::2", "fbff::1"}) {
    INFO(each);
    CHECK(place(places, each) == "remote");
  }
  for (const char* each : {"224.0.0.1", "239.255.255.255", "255.255.255.255", "ff02::1", "ffff::1"}) {
    INFO(each);
    CHECK(place(places, each) == "multicast");
  }
}

TEST_CASE("own networks come and go; a network of a single address is one") {
  Places places({});
  CHECK(place(places, "192.168.1.1") == "remote");
  places.set_own(
      {*parse_network("203.0.113.0/28"), *parse_network("198.51.100.7/32"), *parse_network("2001:db8::/64")});
  CHECK(place(places, "203.0.113.15") == "local");
  CHECK(place(places, "203.0.113.16") == "remote");
  CHECK(place(places, "198.51.100.7") == "local");
  CHECK(place(places, "198.51.100.6") == "remote");
  CHECK(place(places, "2001:db8::ffff") == "local");
  CHECK(place(places, "2001:db8:0:1::") == "remote");
  places.set_own({});
  CHECK(place(places, "203.0.113.15") == "remote");
}

TEST_CASE("prefixes that are learned are bounded, and said once") {
  Places places(usual_networks());
  CHECK_FALSE(places.learn(*parse_network("fd00:1::/64")));
  CHECK(places.learn(*parse_network("2001:db8:1::/64")));
  CHECK_FALSE(places.learn(*parse_network("2001:db8:1::/64")));
  CHECK_FALSE(places.learn(*parse_network("2001:db8:1::/80")));
  CHECK(place(places, "2001:db8:1::9") == "local");
  for (int i = 1; i < 500; ++i) places.learn(*parse_network(concat("2001:db8:f", i, "::/64")));
  CHECK(place(places, "2001:db8:f63::9") == "local");
  CHECK(place(places, "2001:db8:f64::9") == "remote");
}

TEST_CASE("the table says what the list of networks says") {
  std::mt19937 random(GENERATE(range(1U, 40U)));
  const auto some_bytes = [&](Network& network) {
    for (std::size_t i = 0; i < (network.ipv6 ? 16 : 4); ++i)
      network.address[i] = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : random() % 3);
  };
  std::vector<Network> networks;
  for (int i = 0; i < 10; ++i) {
    Network network{.ipv6 = random() % 2 == 0};
    some_bytes(network);
    network.prefix = static_cast<std::uint8_t>(random() % (network.ipv6 ? 129 : 33));
    if (network.prefix < 4) network.prefix = 4;
    for (std::size_t bit = network.prefix; bit < (network.ipv6 ? 128 : 32); ++bit)
      network.address[bit / 8] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
    networks.push_back(network);
  }
  const Places places(networks);
  for (int i = 0; i < 500; ++i) {
    Network address{.ipv6 = random() % 2 == 0};
    some_bytes(address);
    if (place_of(places, address) == Place::on_link) continue;
    if (address.address[0] >= 224 || (address.address[0] == 0 && address.address[1] == 0)) continue;
    const bool ours = std::ranges::any_of(
        networks, [&](const Network& each) { return each.contains(address.address, address.ipv6); });
    REQUIRE(place_of(places, address) == (ours ? Place::local : Place::remote));
  }
}

}  // namespace trafficd::pcap_input
