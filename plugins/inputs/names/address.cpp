#include "address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "trafficd/units.hpp"

namespace trafficd::names {

std::optional<Mac> parse_mac(std::string_view text) {
  Mac mac;
  const char* at = text.data();
  const char* const end = at + text.size();
  char separator = 0;
  for (int group = 0; group < 6; ++group) {
    if (group > 0) {
      if (at == end || (*at != ':' && *at != '-') || (separator != 0 && *at != separator)) return std::nullopt;
      separator = *at++;
    }
    std::uint8_t byte = 0;
    const auto [rest, error] = std::from_chars(at, std::min(at + 2, end), byte, 16);
    if (error != std::errc()) return std::nullopt;
    mac.bits = mac.bits << 8 | byte;
    at = rest;
  }
  if (at != end) return std::nullopt;
  return mac;
}

std::string format_mac(Mac mac) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (int shift = 44; shift >= 0; shift -= 4) {
    text += digits[mac.bits >> shift & 15];
    if (shift % 8 == 0 && shift > 0) text += ':';
  }
  return text;
}

bool Address::tells() const {
  if (!ipv6) {
    const std::uint8_t first = bytes[0];
    return first != 0 && first != 127 && first < 224 && !(first == 169 && bytes[1] == 254);
  }
  const bool link_local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
  const bool nothing_or_loopback = std::all_of(bytes.begin(), bytes.end() - 1, [](auto b) { return b == 0; });
  return !link_local && !nothing_or_loopback && bytes[0] != 0xff;
}

std::optional<Address> parse_address(std::string_view text) {
  text = text.substr(0, text.find('%'));
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), buffer.begin());
  Address address;
  address.ipv6 = text.find(':') != std::string_view::npos;
  if (inet_pton(address.ipv6 ? AF_INET6 : AF_INET, buffer.data(), address.bytes.data()) != 1) return std::nullopt;
  return address;
}

std::string format_address(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(address.ipv6 ? AF_INET6 : AF_INET, address.bytes.data(), buffer.data(), buffer.size());
  return buffer.data();
}

std::optional<std::string> parse_server(std::string_view server) {
  std::string_view host = server, port;
  const bool brackets = server.starts_with('[');
  const bool plain_ipv6 = !brackets && server.find(':') != server.rfind(':');
  if (brackets) {
    if (server.find(']') == std::string_view::npos) return std::nullopt;
    host = server.substr(1, server.find(']') - 1);
    port = server.substr(host.size() + 2);
  } else if (!plain_ipv6) {
    host = server.substr(0, server.find(':'));
    port = server.substr(host.size());
  }
  const auto address = parse_address(host);
  if (!address || host.find('%') != std::string_view::npos) return std::nullopt;
  std::uint16_t number = 53;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
    if (port.front() != ':' || error != std::errc() || end != port.data() + port.size() || number == 0)
      return std::nullopt;
  }
  return concat(address->ipv6 ? "[" : "", format_address(*address), address->ipv6 ? "]:" : ":", number);
}

std::string server_fault(std::string_view server) {
  if (parse_server(server)) return "";
  return concat("'", server, "' is no address of a server; write it as 192.168.1.1, 127.0.0.1:5353 or [fd00::1]:53");
}

}  // namespace trafficd::names
