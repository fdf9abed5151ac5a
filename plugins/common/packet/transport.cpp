#include "packet/transport.hpp"

#include <algorithm>
#include <span>

namespace trafficd::packet {

namespace {

constexpr std::uint32_t tcp_header = 20, udp_header = 8, ports_size = 4;
/// More than anybody has a use for.
constexpr int most_extensions = 8;

enum Extension : std::uint8_t {
  hop_by_hop = 0,
  routing = 43,
  fragment = 44,
  authentication = 51,
  for_destination = 60
};

/// What IP carries: how long it says that this is, and the bytes of it that are there.
struct Carried {
  std::uint8_t protocol = 0;
  std::uint32_t length = 0;
  std::span<const std::uint8_t> bytes;

  /// False when it is shorter than that, or was cut off before its end.
  bool drop(std::uint32_t size) {
    if (size > length || size > bytes.size()) return false;
    length -= size;
    bytes = bytes.subspan(size);
    return true;
  }
  void trim() { bytes = bytes.first(std::min<std::size_t>(bytes.size(), length)); }
};

/// A packet that the system will cut into several before it sends them may be too long for the field, and says 0.
std::uint32_t stated(std::uint16_t length, std::uint32_t captured) { return length != 0 ? length : captured; }

bool read_ipv4(const Frame& frame, Carried& carried) {
  const std::uint8_t* const header = frame.header;
  carried.protocol = header[9];
  carried.length = stated(load_big16(header + 2), frame.captured);
  carried.bytes = {header, frame.captured};
  carried.trim();
  const bool later_fragment = (load_big16(header + 6) & 0x1fff) != 0;
  return !later_fragment && carried.drop((header[0] & 15U) * 4);
}

/// How long the extension header at the front is; 0 where it is cut off.
std::uint32_t extension_length(const Carried& carried) {
  if (carried.bytes.size() < 8) return 0;
  if (carried.protocol == fragment) return 8;
  return carried.protocol == authentication ? (carried.bytes[1] + 2U) * 4 : (carried.bytes[1] + 1U) * 8;
}

bool read_ipv6(const Frame& frame, Carried& carried) {
  carried.protocol = frame.header[6];
  carried.bytes = std::span(frame.header, frame.captured).subspan(ipv6_header);
  carried.length = stated(load_big16(frame.header + 4), frame.captured - ipv6_header);
  carried.trim();
  for (int seen = 0; is_extension(carried.protocol); ++seen) {
    const std::uint32_t size = extension_length(carried);
    if (size == 0 || seen == most_extensions) return false;
    const bool later_fragment = carried.protocol == fragment && (load_big16(&carried.bytes[2]) & 0xfff8) != 0;
    carried.protocol = carried.bytes[0];
    if (later_fragment || !carried.drop(size)) return false;
  }
  return true;
}

std::uint32_t load_big32(const std::uint8_t* bytes) {
  return std::uint32_t{load_big16(bytes)} << 16 | load_big16(bytes + 2);
}

}  // namespace

bool is_extension(std::uint8_t protocol) {
  return protocol == hop_by_hop || protocol == routing || protocol == fragment || protocol == authentication ||
         protocol == for_destination;
}

bool read_transport(const Frame& frame, Transport& transport) {
  Carried carried;
  const bool found = frame.family == Family::ipv4 ? read_ipv4(frame, carried) : read_ipv6(frame, carried);
  transport.protocol = carried.protocol;
  if (!found) return false;
  const bool tcp = carried.protocol == tcp_protocol;
  if (!tcp && carried.protocol != udp_protocol) return false;
  const std::uint8_t* const header = carried.bytes.data();
  if (carried.bytes.size() < ports_size) return false;
  transport.source_port = load_big16(header);
  transport.destination_port = load_big16(header + 2);
  std::uint32_t size = tcp ? tcp_header : udp_header;
  if (carried.bytes.size() < size) return false;
  if (tcp) {
    size = (header[12] >> 4) * 4U;
    if (size < tcp_header) return false;
  }
  if (!carried.drop(size)) return false;
  if (tcp) {
    transport.sequence = load_big32(header + 4);
    transport.acknowledged = load_big32(header + 8);
    transport.flags = header[13];
  }
  transport.payload = carried.bytes.data();
  transport.captured = static_cast<std::uint32_t>(carried.bytes.size());
  transport.missing = carried.length - transport.captured;
  return true;
}

}  // namespace trafficd::packet
