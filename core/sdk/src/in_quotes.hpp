#pragma once
// Foreign text inside a message: without control characters, in quotes, cut to a bearable length.

#include <string>
#include <string_view>

namespace trafficd {

/// The text with `?` for every control character, those above ASCII included: what a terminal may be shown.
inline std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool wide_control = c == 0xc2 && next >= 0x80 && next < 0xa0;
    out.push_back(c < 0x20 || c == 0x7f || wide_control ? '?' : text[i]);
    if (wide_control) ++i;
  }
  return out;
}

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
