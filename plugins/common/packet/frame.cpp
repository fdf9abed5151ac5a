#include "packet/frame.hpp"

#include <span>

namespace trafficd::packet {

namespace {

using Bytes = std::span<const std::uint8_t>;

enum EtherType : std::uint16_t {
  ipv4_type = 0x0800,
  ipv6_type = 0x86dd,
  vlan = 0x8100,
  provider_vlan = 0x88a8,
  old_provider_vlan = 0x9100,
  mpls = 0x8847,
  mpls_multicast = 0x8848,
  pppoe_session = 0x8864,
  first_type = 0x0600,  // below it, the field is a length
};

constexpr std::uint8_t snap[] = {0xaa, 0xaa, 0x03, 0, 0, 0};

bool is_tag(std::uint16_t type) { return type == vlan || type == provider_vlan || type == old_provider_vlan; }

bool read_ipv4(Bytes bytes, Frame& frame) {
  if (bytes.size() < ipv4_header || bytes[0] < 0x45 || bytes[0] > 0x4f) return false;
  frame.family = Family::ipv4;
  frame.header = bytes.data();
  frame.captured = static_cast<std::uint32_t>(bytes.size());
  return true;
}

bool read_ipv6(Bytes bytes, Frame& frame) {
  if (bytes.size() < ipv6_header || bytes[0] >> 4 != 6) return false;
  frame.family = Family::ipv6;
  frame.header = bytes.data();
  frame.captured = static_cast<std::uint32_t>(bytes.size());
  return true;
}

/// By its version. Nothing: no IP.
std::optional<bool> read_any_ip(Bytes bytes, Frame& frame) {
  if (bytes.empty()) return false;
  if (bytes[0] >> 4 == 4) return read_ipv4(bytes, frame);
  if (bytes[0] >> 4 == 6) return read_ipv6(bytes, frame);
  return {};
}

bool read_mpls(Bytes bytes, Frame& frame) {
  while (bytes.size() >= 4) {
    const bool last = bytes[2] & 1;
    bytes = bytes.subspan(4);
    // What carries another link (a pseudowire) begins with neither version.
    if (last) return read_any_ip(bytes, frame).value_or(true);
  }
  return false;
}

/// From the number of the protocol on, which may be one byte or two.
bool read_ppp_protocol(Bytes bytes, Frame& frame) {
  if (bytes.empty()) return false;
  std::uint16_t protocol = bytes[0];
  if ((protocol & 1) == 0) {
    if (bytes.size() < 2) return false;
    protocol = load_big16(bytes.data());
    bytes = bytes.subspan(1);
  }
  bytes = bytes.subspan(1);
  if (protocol == 0x0021) return read_ipv4(bytes, frame);
  if (protocol == 0x0057) return read_ipv6(bytes, frame);
  if (protocol == 0x0281) return read_mpls(bytes, frame);
  return true;
}

bool read_ppp(Bytes bytes, Frame& frame) {
  if (bytes.size() < 2) return false;
  if (bytes[0] == 0xff && bytes[1] == 0x03) bytes = bytes.subspan(2);
  return read_ppp_protocol(bytes, frame);
}

/// Behind the type or length of Ethernet.
bool read_typed(std::uint16_t type, Bytes bytes, Frame& frame) {
  while (is_tag(type)) {
    if (bytes.size() < 4) return false;
    type = load_big16(bytes.data() + 2);
    bytes = bytes.subspan(4);
  }
  if (type < first_type) {
    if (bytes.size() < 8 || std::memcmp(bytes.data(), snap, sizeof snap) != 0) return true;
    type = load_big16(bytes.data() + 6);
    bytes = bytes.subspan(8);
  }
  switch (type) {
    case ipv4_type: return read_ipv4(bytes, frame);
    case ipv6_type: return read_ipv6(bytes, frame);
    case mpls:
    case mpls_multicast: return read_mpls(bytes, frame);
    case pppoe_session: return bytes.size() >= 6 && read_ppp_protocol(bytes.subspan(6), frame);
    default: return true;
  }
}

bool read_ethernet(Bytes bytes, bool addressed, Frame& frame) {
  if (bytes.size() < ethernet_header) return false;
  if (addressed) {
    frame.destination = bytes.data();
    frame.source = bytes.data() + 6;
  }
  return read_typed(load_big16(bytes.data() + 12), bytes.subspan(ethernet_header), frame);
}

/// By the packet type of a cooked header.
bool is_to_group(std::uint8_t type) { return type == 1 || type == 2; }

bool read_null(Bytes bytes, Frame& frame) {
  if (bytes.size() < 4) return false;
  // The family says which IP it is by numbers that differ between systems; the version says it as well.
  return read_any_ip(bytes.subspan(4), frame).value_or(true);
}

}  // namespace

std::optional<Link> link_of(int data_link) {
  switch (data_link) {
    case 1: return Link::ethernet;
    case 0: return Link::null;    // BSD's loopback
    case 108: return Link::null;  // the same of OpenBSD
    case 9: return Link::ppp;     // as its packets come
    case 50: return Link::ppp;    // as on a serial line
    case 12: return Link::raw;    // by the version
    case 228: return Link::raw;   // IPv4
    case 229: return Link::raw;   // IPv6
    case 113: return Link::cooked;
    case 276: return Link::cooked2;
    default: return {};
  }
}

bool read_frame(Link link, const std::uint8_t* start, std::uint32_t captured, Frame& frame) {
  const Bytes bytes(start, captured);
  switch (link) {
    case Link::ethernet: return read_ethernet(bytes, true, frame);
    case Link::unaddressed: return read_ethernet(bytes, false, frame);
    case Link::raw: return read_any_ip(bytes, frame).value_or(false);
    case Link::ppp: return read_ppp(bytes, frame);
    case Link::null: return read_null(bytes, frame);
    case Link::cooked:
      if (captured < 16) return false;
      frame.to_group = is_to_group(start[1]);
      return read_typed(load_big16(start + 14), bytes.subspan(16), frame);
    case Link::cooked2:
      if (captured < 20) return false;
      frame.to_group = is_to_group(start[10]);
      return read_typed(load_big16(start), bytes.subspan(20), frame);
  }
  return false;
}

}  // namespace trafficd::packet
