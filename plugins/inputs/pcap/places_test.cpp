#include "places.hpp"

#include <random>

#include "catch.hpp"
#include "config.hpp"
#include "packet/made_frames.hpp"

namespace trafficd::pcap_input {
namespace {

constexpr std::uint32_t for_ever = ~std::uint32_t{0};

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

TEST_CASE("prefixes that are learned are said once") {
  Places places(usual_networks());
  CHECK_FALSE(places.learn(*parse_network("fd00:1::/64"), 0, for_ever));
  CHECK(places.learn(*parse_network("2001:db8:1::/64"), 0, for_ever));
  CHECK_FALSE(places.learn(*parse_network("2001:db8:1::/64"), 0, for_ever));
  CHECK_FALSE(places.learn(*parse_network("2001:db8:1::/80"), 0, for_ever));
  CHECK(place(places, "2001:db8:1::9") == "local");
}

TEST_CASE("prefixes that are made up leave room for those in use within a minute, and take none from them") {
  Places places(usual_networks());
  const auto learn = [&](int number, std::int64_t now) {
    return places.learn(*parse_network(concat("2001:db8:f", number, "::/64")), now, for_ever);
  };
  const auto is_local = [&](int number) { return place(places, concat("2001:db8:f", number, "::9")) == "local"; };
  for (int i = 0; i < 64; ++i) CHECK(learn(i, 100));
  for (int i = 64; i < 500; ++i) CHECK_FALSE(learn(i, 159));
  CHECK_FALSE(learn(0, 159));
  CHECK(learn(64, 160));
  CHECK(is_local(0));
  CHECK_FALSE(is_local(1));
  CHECK(is_local(2));
  CHECK(is_local(64));
  // Each of them once, whoever asks how often.
  int taken = 0;
  for (int i = 100; i < 500; ++i) taken += learn(i, 161) ? 1 : 0;
  CHECK(taken == 62);
  CHECK(is_local(0));
}

TEST_CASE("a prefix that is not heard of any more leaves when it is no longer valid, at the latest after a day") {
  Places places(usual_networks());
  const auto learn = [&](const char* prefix, std::int64_t now, std::uint32_t lifetime) {
    return places.learn(*parse_network(prefix), now, lifetime);
  };
  CHECK(learn("2001:db8:1::/64", 1'000, 3'600));
  CHECK(learn("2001:db8:2::/64", 1'000, for_ever));
  CHECK(learn("2001:db8:3::/64", 1'000, 1));
  CHECK_FALSE(learn("2001:db8:1::/64", 1'060, 10));
  CHECK(learn("2001:db8:2::/64", 1'061, for_ever));
  CHECK(place(places, "2001:db8:3::9") == "remote");
  CHECK_FALSE(learn("2001:db8:2::/64", 4'600, for_ever));
  CHECK(learn("2001:db8:2::/64", 4'601, for_ever));
  CHECK(place(places, "2001:db8:1::9") == "remote");
  CHECK(place(places, "2001:db8:2::9") == "local");
  CHECK_FALSE(learn("fd00::/64", 4'601 + 86'400, for_ever));
  CHECK(place(places, "2001:db8:2::9") == "local");
  CHECK(learn("fd00::/64", 4'602 + 86'400, for_ever));
  CHECK(place(places, "2001:db8:2::9") == "remote");
  // A clock that was put back keeps nothing.
  CHECK(learn("2001:db8:4::/64", 900'000, for_ever));
  CHECK(learn("2001:db8:5::/64", 100, for_ever));
  CHECK(place(places, "2001:db8:4::9") == "remote");
  CHECK(place(places, "2001:db8:5::9") == "local");
}

TEST_CASE("a packet out of order is no clock that was put back") {
  Places places(usual_networks());
  REQUIRE(places.learn(*parse_network("2001:db8:1::/64"), 1'000'000, for_ever));
  CHECK_FALSE(places.learn(*parse_network("fd00::/64"), 999'941, for_ever));
  CHECK(place(places, "2001:db8:1::9") == "local");
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
