#include "packet/neighbour_discovery.hpp"

#include "catch.hpp"
#include "packet/made_frames.hpp"

using namespace trafficd::packet;
using namespace trafficd::packet::made;

namespace {

Bytes prefix_option(const std::string& prefix, std::uint8_t length, std::uint8_t flags = 0xc0,
                    std::uint8_t lifetime = 16) {
  return Bytes{3, 4, length, flags, 0, 1, 0, lifetime} + Bytes(8) + address(prefix);
}

Bytes router_says(const Bytes& options) { return Bytes{134, 0, 0, 0} + Bytes(12) + options; }

Bytes neighbour_says(std::uint8_t type, const std::string& target) {
  return Bytes{type, 0, 0, 0, 0, 0, 0, 0} + address(target);
}

std::string found(const Bytes& message, std::uint8_t hops = 255, std::size_t cut = 0,
                  const std::string& source = "fe80::1") {
  const Bytes packet = ip(source, "ff02::1", 58, message, hops);
  Frame frame;
  REQUIRE(read_frame(Link::raw, packet.data(), static_cast<std::uint32_t>(packet.size() - cut), frame));
  std::string all;
  const auto note = [&](const std::array<std::uint8_t, 16>& prefix, std::uint8_t length, std::uint32_t lifetime) {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, prefix.data(), text, sizeof text);
    all += std::string(text) + "/" + std::to_string(length) + " ";
    if (lifetime != ~std::uint32_t{0}) all += "for " + std::to_string(lifetime) + " s ";
  };
  read_prefixes(frame, note);
  return all;
}

}  // namespace

TEST_CASE("a router says which prefixes are on the link") {
  const Bytes source{1, 1, 2, 0, 0, 0, 0, 1};
  CHECK(found(router_says(source + prefix_option("2001:db8:1::", 64) + prefix_option("2001:db8:2:ff::", 60))) ==
        "2001:db8:1::/64 for 65552 s 2001:db8:2:f0::/60 for 65552 s ");
  CHECK(found(router_says(prefix_option("2001:db8:1::", 64, 0))) == "");
}

TEST_CASE("a router speaks from its link-local address; what it withdraws is not on the link") {
  const Bytes message = router_says(prefix_option("2001:db8:1::", 64));
  CHECK(found(message, 255, 0, "febf::1") != "");
  for (const char* source : {"fec0::1", "fe00::1", "2001:db8:1::1", "::", "ff02::1"})
    CHECK(found(message, 255, 0, source) == "");
  Bytes withdrawn = prefix_option("2001:db8:1::", 64);
  withdrawn[5] = withdrawn[7] = 0;
  CHECK(found(router_says(withdrawn)) == "");
  Bytes other_code = message;
  other_code[1] = 1;
  CHECK(found(other_code) == "");
}

TEST_CASE("neighbours speak of global addresses on the link") {
  CHECK(found(neighbour_says(135, "2001:db8:1::77")) == "2001:db8:1::/64 ");
  CHECK(found(neighbour_says(136, "2001:db8:1::77")) == "2001:db8:1::/64 ");
  CHECK(found(neighbour_says(136, "fe80::77")) == "");
}

TEST_CASE("what nobody on the link can have sent, or makes no sense, is not believed") {
  CHECK(found(neighbour_says(135, "2001:db8:1::77"), 254) == "");
  CHECK(found(router_says(prefix_option("2000::", 3))) == "");
  CHECK(found(router_says(prefix_option("2001:db8::", 129))) == "");
  CHECK(found(router_says(Bytes{3, 0} + Bytes(30))) == "");
  CHECK(found(router_says(prefix_option("2001:db8:1::", 64)), 255, 1) == "");
  CHECK(found(neighbour_says(135, "2001:db8:1::77"), 255, 1) == "");
  CHECK(found(Bytes{134, 0, 0, 0}) == "");
}
