#pragma once
// Which IPv6 prefixes are in use on a link, by what its neighbours say to each other.

#include <array>
#include <cstdint>
#include <functional>

#include "packet/frame.hpp"

namespace trafficd::packet {

/// `lifetime`: for how many seconds it is valid; the greatest number where nobody says.
using PrefixSink =
    std::function<void(const std::array<std::uint8_t, 16>& prefix, std::uint8_t length, std::uint32_t lifetime)>;

/// Whether a header of IPv6 is followed by ICMPv6, in which neighbours speak.
inline bool is_icmpv6(const std::uint8_t* header) { return header[6] == 58; }

/// Tells the prefixes that a router advertisement says to be on the link (RFC 4861, 4.6.2), and the /64 around each
/// global address that a neighbour is asked for or answers with (4.3, 4.4). Only what a neighbour itself can have sent
/// counts: hop limit 255, code 0, and of a router its link-local address (6.1.2, 7.1). The checksum is not looked at:
/// a capture may hold only the beginning of a packet. `frame` is IPv6.
void read_prefixes(const Frame& frame, const PrefixSink& found);

}  // namespace trafficd::packet
