#pragma once
// Numbers out of bytes from the network; the caller has looked that they are there.

#include <bit>
#include <cstdint>
#include <cstring>

namespace trafficd::packet {

static_assert(std::endian::native == std::endian::little || std::endian::native == std::endian::big);

/// A number as it stands, in the machine's own order: for comparing and for keys.
template <class Number>
Number load(const std::uint8_t* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

inline std::uint16_t load_big16(const std::uint8_t* bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

/// What `load` finds where the network wrote `number`.
constexpr std::uint16_t as_loaded(std::uint16_t number) {
  if constexpr (std::endian::native == std::endian::big) return number;
  return static_cast<std::uint16_t>(number << 8 | number >> 8);
}

}  // namespace trafficd::packet
