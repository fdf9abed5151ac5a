#pragma once
// Foreign text inside a message: in quotes, cut to a bearable length, without control characters.

#include <string>
#include <string_view>

namespace trafficd {

inline std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 60;
  std::size_t length = text.size();
  if (length > most) {
    length = most;
    // Not in the middle of a UTF-8 character.
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  }
  std::string out = "'";
  for (const char c : text.substr(0, length))
    out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  return out + (length < text.size() ? "…'" : "'");
}

}  // namespace trafficd
