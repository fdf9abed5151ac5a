#pragma once
// Foreign text inside a message: without control characters, in quotes, cut to a bearable length.

#include <string>
#include <string_view>

#include "trafficd/units.hpp"

namespace trafficd {

inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 60;
  std::size_t length = text.size();
  if (length > most) {
    length = most;
    // Not in the middle of a UTF-8 character.
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  }
  return "'" + printable(text.substr(0, length)) + (length < text.size() ? "…'" : "'");
}

}  // namespace trafficd
