#include "history/json.hpp"

#include <cstdint>

#include "trafficd/units.hpp"

namespace trafficd::history {

void append_json(std::string& out, std::string_view text) {
  constexpr char hex[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0)
      out += "\xef\xbf\xbd";
    else if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<std::uint8_t>(c) < 0x20)
      ((out += "\\u00") += hex[c >> 4]) += hex[c & 15];
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::string to_json(const Tags& tags) {
  std::string out = "{";
  for (const Tag& tag : tags) {
    if (out.size() > 1) out += ',';
    append_json(out, tag.key);
    out += ':';
    append_json(out, tag.value);
  }
  return out + "}";
}

}  // namespace trafficd::history
