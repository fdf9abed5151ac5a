#pragma once
// Frames for tests, put together from their parts.

#include <arpa/inet.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace trafficd::packet::made {

using Bytes = std::vector<std::uint8_t>;

inline Bytes operator+(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

inline Bytes big16(unsigned number) {
  return {static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number)};
}

inline Bytes big32(std::uint32_t number) { return big16(number >> 16) + big16(number & 0xffff); }

/// `02:00:00:00:00:01`
inline Bytes hardware(const std::string& text) {
  Bytes bytes(6);
  if (std::sscanf(text.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &bytes[0], &bytes[1], &bytes[2], &bytes[3],
                  &bytes[4], &bytes[5]) != 6)
    throw std::invalid_argument(text);
  return bytes;
}

/// Of four bytes or of sixteen.
inline Bytes address(const std::string& text) {
  Bytes bytes(16);
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return {bytes.begin(), bytes.begin() + 4};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  throw std::invalid_argument(text);
}

inline Bytes ethernet(const std::string& from, const std::string& to, unsigned type, const Bytes& payload) {
  return hardware(to) + hardware(from) + big16(type) + payload;
}

/// Header and payload of the version that the addresses have; of options, IPv4 has none.
inline Bytes ip(const std::string& from, const std::string& to, std::uint8_t protocol = 17, const Bytes& payload = {},
                std::uint8_t hops = 64) {
  const Bytes source = address(from), destination = address(to);
  if (source.size() == 4)
    return Bytes{0x45, 0} + big16(static_cast<unsigned>(20 + payload.size())) +
           Bytes{0, 0, 0, 0, hops, protocol, 0, 0} + source + destination + payload;
  return Bytes{0x60, 0, 0, 0} + big16(static_cast<unsigned>(payload.size())) + Bytes{protocol, hops} + source +
         destination + payload;
}

/// A segment of TCP with its header, without options.
inline Bytes tcp(unsigned from_port, unsigned to_port, std::uint32_t sequence, std::uint32_t acknowledged,
                 std::uint8_t flags, const Bytes& payload = {}) {
  return big16(from_port) + big16(to_port) + big32(sequence) + big32(acknowledged) + Bytes{0x50, flags} + big16(8192) +
         Bytes(4) + payload;
}

inline unsigned type_of(const Bytes& packet) { return packet[0] >> 4 == 4 ? 0x0800 : 0x86dd; }

/// IP on Ethernet, padded to the least that there is.
inline Bytes frame(const std::string& from_hardware, const std::string& to_hardware, const Bytes& packet) {
  Bytes whole = ethernet(from_hardware, to_hardware, type_of(packet), packet);
  if (whole.size() < 60) whole.resize(60);
  return whole;
}

/// A tag of 802.1Q and what it carries.
inline Bytes tagged(unsigned id, unsigned type, const Bytes& payload) { return big16(id) + big16(type) + payload; }

}  // namespace trafficd::packet::made
