#include "packet/transport.hpp"

#include <memory>

#include "catch.hpp"
#include "packet/made_frames.hpp"

using namespace trafficd::packet;
using namespace trafficd::packet::made;

namespace {

const Bytes four_options{1, 1, 1, 1};

/// What is found in so many bytes of a packet, in memory that ends there.
struct Reading {
  explicit Reading(const Bytes& whole, std::size_t captured) : bytes(new std::uint8_t[captured]) {
    std::copy_n(whole.begin(), captured, bytes.get());
    Frame frame;
    good =
        read_frame(Link::raw, bytes.get(), static_cast<std::uint32_t>(captured), frame) && read_transport(frame, found);
  }
  explicit Reading(const Bytes& whole) : Reading(whole, whole.size()) {}
  std::string payload() const { return {found.payload, found.payload + found.captured}; }

  std::unique_ptr<std::uint8_t[]> bytes;
  Transport found;
  bool good;
};

Bytes hello() { return {'h', 'e', 'l', 'l', 'o'}; }
Bytes segment() { return tcp(40'000, 80, 0x01020304, 0x05060708, ack_flag | fin_flag, hello()); }

/// A header of an extension, eight bytes and so many more.
Bytes extension(std::uint8_t next, std::uint8_t eights = 0) { return Bytes{next, eights} + Bytes(6 + 8U * eights); }

Bytes six(std::uint8_t first, const Bytes& payload) { return ip("fd00::1", "fd00::2", first, payload); }

}  // namespace

TEST_CASE("TCP is read behind both IPs") {
  for (const Bytes& packet : {ip("192.168.1.2", "198.51.100.7", 6, segment()), six(6, segment())}) {
    const Reading reading(packet);
    REQUIRE(reading.good);
    CHECK(reading.found.protocol == 6);
    CHECK(reading.found.source_port == 40'000);
    CHECK(reading.found.destination_port == 80);
    CHECK(reading.found.sequence == 0x01020304);
    CHECK(reading.found.acknowledged == 0x05060708);
    CHECK((reading.found.has(ack_flag) && reading.found.has(fin_flag) && !reading.found.has(syn_flag)));
    CHECK(reading.payload() == "hello");
    CHECK(reading.found.missing == 0);
  }
}

TEST_CASE("ports are found in a header that was cut off") {
  const Reading cut(ip("10.0.0.1", "10.0.0.2", 6, segment()), 20 + 4);
  CHECK_FALSE(cut.good);
  CHECK((cut.found.source_port == 40'000 && cut.found.destination_port == 80));
  const Reading shorter(ip("10.0.0.1", "10.0.0.2", 6, segment()), 20 + 3);
  CHECK_FALSE(shorter.good);
  CHECK((shorter.found.source_port == 0 && shorter.found.destination_port == 0));
}

TEST_CASE("UDP has ports and a payload; what else there is has a number") {
  const Reading udp(ip("10.0.0.1", "10.0.0.2", 17, big16(53) + big16(5353) + big16(13) + big16(0) + hello()));
  REQUIRE(udp.good);
  CHECK((udp.found.source_port == 53 && udp.found.destination_port == 5353 && udp.payload() == "hello"));
  const Reading icmp(ip("10.0.0.1", "10.0.0.2", 1, Bytes(8)));
  CHECK((!icmp.good && icmp.found.protocol == 1));
}

TEST_CASE("options of IPv4 and of TCP are no payload, and neither is padding") {
  Bytes options = segment();
  options.insert(options.begin() + 20, {1, 1, 1, 0});
  options[12] = 0x60;
  Bytes packet = ip("10.0.0.1", "10.0.0.2", 6, options);
  packet.insert(packet.begin() + 20, four_options.begin(), four_options.end());
  packet[0] = 0x46;
  packet[3] = static_cast<std::uint8_t>(packet.size());
  CHECK(Reading(packet + Bytes(7)).payload() == "hello");
  CHECK(Reading(six(6, segment()) + Bytes(7)).payload() == "hello");
}

TEST_CASE("what was not captured is missing, not there") {
  const Bytes packet = ip("10.0.0.1", "10.0.0.2", 6, segment());
  const Reading reading(packet, packet.size() - 3);
  REQUIRE(reading.good);
  CHECK((reading.payload() == "he" && reading.found.missing == 3));
  for (std::size_t cut = 0; cut < packet.size() - 5; ++cut) CHECK_FALSE(Reading(packet, cut).good);
}

TEST_CASE("a length of 0 is that of a packet still to be cut up") {
  Bytes packet = ip("10.0.0.1", "10.0.0.2", 6, segment());
  packet[2] = packet[3] = 0;
  CHECK(Reading(packet).payload() == "hello");
  packet = six(6, segment());
  packet[4] = packet[5] = 0;
  CHECK(Reading(packet).payload() == "hello");
}

TEST_CASE("of fragments, the first has ports") {
  Bytes packet = ip("10.0.0.1", "10.0.0.2", 6, segment());
  packet[6] = 0x20;  // more follow
  CHECK(Reading(packet).good);
  packet[7] = 1;
  CHECK((!Reading(packet).good && Reading(packet).found.protocol == 6));
  CHECK(Reading(six(44, Bytes{6, 0, 0, 1, 0, 0, 0, 1} + segment())).payload() == "hello");
  const Reading later(six(44, Bytes{6, 0, 0, 9, 0, 0, 0, 1} + segment()));
  CHECK((!later.good && later.found.protocol == 6));
}

TEST_CASE("extension headers of IPv6 are passed, as many as make sense") {
  CHECK(Reading(six(0, extension(43) + extension(60, 2) + extension(51) + Bytes{6, 4} + Bytes(22) + segment()))
            .payload() == "hello");
  Bytes many;
  for (int i = 0; i < 8; ++i) many = extension(i == 0 ? 6 : 60) + many;
  CHECK(Reading(six(60, many + segment())).good);
  CHECK_FALSE(Reading(six(60, extension(60) + many + segment())).good);
  const Bytes cut = six(0, extension(6, 1));
  for (std::size_t size = 40; size <= cut.size(); ++size) CHECK_FALSE(Reading(cut, size).good);
  CHECK_FALSE(Reading(six(59, segment())).good);
}

TEST_CASE("TCP that contradicts itself is not read") {
  Bytes bad = segment();
  bad[12] = 0x40;
  CHECK_FALSE(Reading(ip("10.0.0.1", "10.0.0.2", 6, bad)).good);
  bad[12] = 0xf0;
  CHECK_FALSE(Reading(ip("10.0.0.1", "10.0.0.2", 6, bad)).good);
  Bytes packet = ip("10.0.0.1", "10.0.0.2", 6, segment());
  packet[3] = 39;
  CHECK_FALSE(Reading(packet).good);
  packet[3] = 19;
  CHECK_FALSE(Reading(packet).good);
}
