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

/// Six bytes as a number, in the lower part of it; the same number on one machine, another one on others.
inline std::uint64_t load48(const std::uint8_t* bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes, 6);
  if constexpr (std::endian::native == std::endian::big) number >>= 16;
  return number;
}

inline void store48(std::uint8_t* bytes, std::uint64_t number) {
  if constexpr (std::endian::native == std::endian::big) number <<= 16;
  std::memcpy(bytes, &number, 6);
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
