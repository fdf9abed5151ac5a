#pragma once
// What stands behind the header of IP: which protocol, its ports, and of TCP where its bytes belong. Pure and without
// allocation; any bytes may come.
//
// Sources: RFC 791 (options, fragments), RFC 8200 (extension headers), RFC 4302 (AH), RFC 9293 (TCP), RFC 768 (UDP).

#include "packet/frame.hpp"

namespace trafficd::packet {

inline constexpr std::uint8_t tcp_protocol = 6, udp_protocol = 17;

/// Flags of TCP.
inline constexpr std::uint8_t fin_flag = 1, syn_flag = 2, rst_flag = 4, ack_flag = 16;

/// Pointers into the frame, valid as long as it is.
struct Transport {
  std::uint8_t protocol = 0;  ///< as IANA numbers them, behind all extension headers of IPv6
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint32_t sequence = 0, acknowledged = 0;  ///< of TCP, and so are the flags
  std::uint8_t flags = 0;
  const std::uint8_t* payload = nullptr;
  std::uint32_t captured = 0;  ///< bytes from `payload` on; never the padding of the link
  std::uint32_t missing = 0;   ///< bytes of the payload behind those, which were not captured

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

/// Whether it is a header of IPv6 before what is carried, and not what is carried.
bool is_extension(std::uint8_t protocol);

/// Fills `transport`, which is fresh, from a frame that `read_frame` has found good and whose family is IPv4 or IPv6.
/// False when it is no TCP or UDP, a fragment but the first one, cut off before the end of TCP's or UDP's header, or
/// contradicts itself; `protocol` and the ports are right all the same where they could be found. Of a first fragment,
/// the payload is what this fragment holds.
bool read_transport(const Frame& frame, Transport& transport);

}  // namespace trafficd::packet
