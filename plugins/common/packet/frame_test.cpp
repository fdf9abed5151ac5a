#include "packet/frame.hpp"

#include <memory>

#include "catch.hpp"
#include "packet/made_frames.hpp"

using namespace trafficd::packet;
using namespace trafficd::packet::made;

namespace {

const std::string one = "02:00:00:00:00:01", two = "02:00:00:00:00:02";
const Bytes v4 = ip("192.168.1.2", "198.51.100.7"), v6 = ip("fd00::2", "2001:db8::7");

/// In memory that ends where the frame does, so that a sanitizer sees a step beyond.
struct Reading {
  Reading(Link link, const Bytes& whole, std::size_t captured) : bytes(new std::uint8_t[captured]) {
    std::copy_n(whole.begin(), captured, bytes.get());
    good = read_frame(link, bytes.get(), static_cast<std::uint32_t>(captured), frame);
  }
  std::unique_ptr<std::uint8_t[]> bytes;
  Frame frame;
  bool good;
};

std::string describe(Link link, const Bytes& bytes) {
  const Reading reading(link, bytes, bytes.size());
  if (!reading.good) return "bad";
  const Frame& frame = reading.frame;
  const std::string ends = frame.source != nullptr ? "hardware " : "";
  if (frame.family == Family::other) return ends + "other";
  char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN];
  const int family = frame.family == Family::ipv4 ? AF_INET : AF_INET6;
  inet_ntop(family, frame.source_address(), from, sizeof from);
  inet_ntop(family, frame.destination_address(), to, sizeof to);
  return ends + from + " to " + to;
}

const std::string to_v4 = "192.168.1.2 to 198.51.100.7", to_v6 = "fd00::2 to 2001:db8::7";

}  // namespace

TEST_CASE("IP is found behind each kind of header") {
  CHECK(describe(Link::ethernet, frame(one, two, v4)) == "hardware " + to_v4);
  CHECK(describe(Link::ethernet, frame(one, two, v6)) == "hardware " + to_v6);
  CHECK(describe(Link::unaddressed, frame(one, two, v6)) == to_v6);
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x8100, tagged(7, 0x0800, v4))) == "hardware " + to_v4);
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x88a8, tagged(7, 0x8100, tagged(8, 0x86dd, v6)))) ==
        "hardware " + to_v6);
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x8847, Bytes{0, 1, 0, 64, 0, 2, 1, 64} + v4)) ==
        "hardware " + to_v4);
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x8864, Bytes{0x11, 0, 0, 1, 0, 22, 0, 0x21} + v4)) ==
        "hardware " + to_v4);
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x8864, Bytes{0x11, 0, 0, 1, 0, 42, 0, 0x57} + v6)) ==
        "hardware " + to_v6);
  CHECK(describe(Link::ethernet, ethernet(one, two, 28, Bytes{0xaa, 0xaa, 3, 0, 0, 0, 8, 0} + v4)) ==
        "hardware " + to_v4);
  CHECK(describe(Link::raw, v4) == to_v4);
  CHECK(describe(Link::raw, v6) == to_v6);
  CHECK(describe(Link::ppp, Bytes{0xff, 3, 0, 0x21} + v4) == to_v4);
  CHECK(describe(Link::ppp, Bytes{0, 0x57} + v6) == to_v6);
  CHECK(describe(Link::ppp, Bytes{0x21} + v4) == to_v4);
  CHECK(describe(Link::null, Bytes{2, 0, 0, 0} + v4) == to_v4);
  CHECK(describe(Link::null, Bytes{0, 0, 0, 30} + v6) == to_v6);
  CHECK(describe(Link::cooked, Bytes(14) + big16(0x0800) + v4) == to_v4);
  CHECK(describe(Link::cooked2, big16(0x86dd) + Bytes(18) + v6) == to_v6);
}

TEST_CASE("a cooked header says what is for many") {
  const auto to_group = [](Link link, const Bytes& bytes) {
    Frame frame;
    REQUIRE(read_frame(link, bytes.data(), static_cast<std::uint32_t>(bytes.size()), frame));
    return frame.to_group;
  };
  for (const std::uint8_t type : {0, 1, 2, 3, 4}) {
    const bool many = type == 1 || type == 2;
    CHECK(to_group(Link::cooked, Bytes{0, type} + Bytes(12) + big16(0x0800) + v4) == many);
    CHECK(to_group(Link::cooked2, big16(0x0800) + Bytes(8) + Bytes{type} + Bytes(9) + v4) == many);
  }
}

TEST_CASE("options of IPv4 are part of its header") {
  Bytes with_options = v4;
  with_options[0] = 0x46;
  with_options.insert(with_options.begin() + 20, {1, 1, 1, 1});
  CHECK(describe(Link::ethernet, frame(one, two, with_options)) == "hardware " + to_v4);
}

TEST_CASE("what carries no IP is good, and something else") {
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x0806, Bytes(28))) == "hardware other");
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x8863, Bytes(20))) == "hardware other");
  CHECK(describe(Link::ethernet, ethernet(one, two, 38, Bytes{0x42, 0x42, 3} + Bytes(35))) == "hardware other");
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x8847, Bytes{0, 1, 1, 64} + Bytes(40))) == "hardware other");
  CHECK(describe(Link::ppp, Bytes{0xff, 3, 0xc0, 0x21, 1, 1, 0, 4}) == "other");
  CHECK(describe(Link::cooked, Bytes(14) + big16(0x0806) + Bytes(28)) == "other");
}

TEST_CASE("a frame that contradicts itself is bad") {
  Bytes short_header = v4, wrong_version = v4, old_six = v6;
  short_header[0] = 0x44;
  wrong_version[0] = 0x65;
  old_six[0] = 0x45;
  CHECK(describe(Link::ethernet, frame(one, two, short_header)) == "bad");
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x0800, wrong_version)) == "bad");
  CHECK(describe(Link::ethernet, ethernet(one, two, 0x86dd, old_six)) == "bad");
  CHECK(describe(Link::raw, Bytes(40, 0x10)) == "bad");
}

TEST_CASE("a frame that was cut off is bad up to the end of its header of IP, wherever the cut is") {
  const auto cut = GENERATE_COPY(from_range(std::vector<std::pair<Link, Bytes>>{
      {Link::ethernet, ethernet(one, two, 0x0800, v4)},
      {Link::ethernet, ethernet(one, two, 0x88a8, tagged(7, 0x8100, tagged(8, 0x86dd, v6)))},
      {Link::ethernet, ethernet(one, two, 0x8847, Bytes{0, 1, 0, 64, 0, 2, 1, 64} + v6)},
      {Link::ethernet, ethernet(one, two, 0x8864, Bytes{0x11, 0, 0, 1, 0, 22, 0, 0x21} + v4)},
      {Link::raw, v6},
      {Link::ppp, Bytes{0xff, 3, 0, 0x21} + v4},
      {Link::null, Bytes{2, 0, 0, 0} + v4},
      {Link::cooked, Bytes(14) + big16(0x0800) + v4},
      {Link::cooked2, big16(0x86dd) + Bytes(18) + v6}}));
  const auto& [link, bytes] = cut;
  for (std::size_t captured = 0; captured < bytes.size(); ++captured) {
    INFO("link " << static_cast<int>(link) << " cut to " << captured << " of " << bytes.size());
    CHECK_FALSE(Reading(link, bytes, captured).good);
  }
  CHECK(Reading(link, bytes, bytes.size()).good);
}

TEST_CASE("what is seen at a glance is what reading finds") {
  for (const Bytes& whole : {frame(one, two, v4), frame(one, two, v6), ethernet(one, two, 0x0806, Bytes(46)),
                             ethernet(one, two, 0x8100, tagged(7, 0x0800, v4 + Bytes(26)))})
    for (std::size_t captured = 0; captured <= whole.size(); ++captured) {
      const Reading reading(Link::ethernet, whole, captured);
      const Family family = ip_at_a_glance(reading.bytes.get(), static_cast<std::uint32_t>(captured));
      if (family == Family::other) continue;
      CHECK(reading.good);
      CHECK(reading.frame.family == family);
      CHECK(reading.frame.header == reading.bytes.get() + ethernet_header);
    }
}
