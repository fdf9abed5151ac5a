#pragma once
// Where things stand in a captured frame: hardware addresses, and the header of IP behind VLAN tags, MPLS labels, PPPoE
// and the headers of links that are no Ethernet. Pure and without allocation; any bytes may come.
//
// Sources: IEEE 802.3 and 802.1Q, RFC 791, RFC 8200, RFC 3032 (MPLS), RFC 2516 (PPPoE), RFC 1042 (SNAP), RFC 1661
// (PPP), and https://www.tcpdump.org/linktypes.html for the links.

#include <cstdint>
#include <optional>

#include "packet/bytes.hpp"

namespace trafficd::packet {

enum class Link : std::uint8_t {
  ethernet,
  raw,         ///< IPv4 or IPv6 without a header before it
  ppp,         ///< with or without the address and control bytes of HDLC
  cooked,      ///< Linux cooked mode, v1
  cooked2,     ///< the same, v2
  null,        ///< BSD's loopback: an address family of four bytes, in either order
  unaddressed  ///< Ethernet whose hardware addresses say nothing, as on Linux' loopback
};

/// The link of a DLT_ number of libpcap; nothing for those that are not understood.
std::optional<Link> link_of(int data_link);

enum class Family : std::uint8_t { ipv4, ipv6, other };

/// Pointers into the frame, valid as long as it is.
struct Frame {
  Family family = Family::other;
  const std::uint8_t* source = nullptr;       ///< six bytes of hardware address; nullptr on links without
  const std::uint8_t* destination = nullptr;  ///< the same
  const std::uint8_t* header = nullptr;       ///< of IP, without its options or extensions whole; nullptr for `other`
  std::uint32_t captured = 0;                 ///< bytes from `header` on
  bool to_group = false;                      ///< broadcast or multicast, as Linux cooked capture says

  const std::uint8_t* source_address() const { return header + source_offset(family); }
  const std::uint8_t* destination_address() const { return header + destination_offset(family); }

  static constexpr std::uint32_t source_offset(Family family) { return 12 - 4 * static_cast<std::uint32_t>(family); }
  static constexpr std::uint32_t destination_offset(Family family) {
    return 16 + 8 * static_cast<std::uint32_t>(family);
  }
};

inline constexpr std::uint32_t ethernet_header = 14, ipv4_header = 20, ipv6_header = 40;

/// Fills `frame`, which is fresh. False when the frame was cut off before the end of the header of IP or of what stands
/// before it, or contradicts itself. What carries no IP is good, and `other`.
bool read_frame(Link link, const std::uint8_t* bytes, std::uint32_t captured, Frame& frame);

/// What most frames of Ethernet are: IP right behind the hardware addresses, whole. Its header is at `ethernet_header`
/// then. For all else, ask `read_frame`.
inline Family ip_at_a_glance(const std::uint8_t* bytes, std::uint32_t captured) {
  if (captured < ethernet_header + ipv6_header) [[unlikely]]
    return Family::other;
  const auto type = load<std::uint16_t>(bytes + 12);
  const unsigned first = bytes[ethernet_header];
  // Families follow each other as they like: a branch would be guessed wrong as often.
  const unsigned ipv4 = static_cast<unsigned>(type == as_loaded(0x0800)) & static_cast<unsigned>(first - 0x45 <= 10);
  const unsigned ipv6 = static_cast<unsigned>(type == as_loaded(0x86dd)) & static_cast<unsigned>(first >> 4 == 6);
  return Family{static_cast<std::uint8_t>(2 - 2 * ipv4 - ipv6)};
}

}  // namespace trafficd::packet
