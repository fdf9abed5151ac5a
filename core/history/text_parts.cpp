#include "history/text_parts.hpp"

#include <algorithm>

#include "history/json.hpp"

namespace trafficd::history {

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string right(const std::string& text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(used < width ? width - used : 0, ' ') + text;
}

std::string left(const std::string& text, std::size_t width) {
  const std::size_t used = columns(text);
  return text + std::string(used < width ? width - used : 0, ' ');
}

std::string minute_text(Timestamp time, const Zone& zone) {
  return label(period_of(time, Unit::day, zone), Unit::day, zone) + " " +
         label(period_of(time, Unit::minute, zone), Unit::minute, zone);
}

bool add_key(std::string& out, std::set<std::string_view>& keys, std::string_view key) {
  if (!keys.insert(key).second) return false;
  if (out.back() != '{') out += ',';
  append_json(out, key);
  out += ':';
  return true;
}

std::string csv_cell(std::string_view text) {
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  std::string out;
  if (formula) out += '\'';
  out += text;
  if (out.find_first_of(",\"\n\r") == std::string::npos) return out;
  std::string quotes = "\"";
  for (const char c : out) quotes.append(c == '"' ? 2 : 1, c);
  return quotes + '"';
}

}  // namespace trafficd::history
