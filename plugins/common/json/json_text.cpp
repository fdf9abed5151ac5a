#include "json_text.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "trafficd/units.hpp"

namespace trafficd::common {

namespace {

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0)
      out += "\xef\xbf\xbd";
    else
      out += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

void append_json_text(std::string& out, std::string_view text) {
  const std::string valid = valid_utf8(text);
  out += boost::json::serialize(boost::json::string_view(valid.data(), valid.size()));
}

}  // namespace trafficd::common
