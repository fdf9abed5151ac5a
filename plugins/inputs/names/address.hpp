#pragma once
// Hardware and IP addresses as plain values. Parsing takes any bytes and is pure.

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trafficd::names {

/// Six bytes in the low 48 bits, the first one highest.
struct Mac {
  std::uint64_t bits = 0;
  /// Chosen by software, not by a maker: a randomised one, or that of something virtual.
  bool local() const { return (bits >> 40 & 2) != 0; }
  /// One device may have it: not a group, not nothing.
  bool usable() const { return bits != 0 && (bits >> 40 & 1) == 0; }
  friend auto operator<=>(const Mac&, const Mac&) = default;
};

/// Six groups of one or two hexadecimal digits, between them `:` or `-`.
std::optional<Mac> parse_mac(std::string_view text);
/// Lower case, with colons.
std::string format_mac(Mac mac);

/// IPv4 sorts before IPv6.
struct Address {
  bool ipv6 = false;
  std::array<std::uint8_t, 16> bytes{};  ///< IPv4 in the first four
  /// Says something of a device beyond its own link: not unset, loopback, link-local, multicast or broadcast.
  bool tells() const;
  friend auto operator<=>(const Address&, const Address&) = default;
};

/// IPv4 or IPv6; a zone (`%eth0`) is passed over.
std::optional<Address> parse_address(std::string_view text);
std::string format_address(const Address& address);

/// A server to ask, with its port: `127.0.0.1:5353`, `[fd00::1]:53`. Takes it without a port or brackets, too.
std::optional<std::string> parse_server(std::string_view server);
/// What is wrong with it as a server to ask, or nothing.
std::string server_fault(std::string_view server);

}  // namespace trafficd::names
