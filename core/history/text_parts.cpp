#include "history/text_parts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "history/json.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

/// 2001 to 2286: no duration that anybody measures is so long, and no moment that matters lies before.
bool counted_from_1970(double seconds) { return seconds >= 1e9 && seconds < 1e10; }

bool is_whole(double number) { return number == std::floor(number) && std::abs(number) < 0x1p53; }

}  // namespace

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

std::string coloured(const TableStyle& style, const char* code, const std::string& text) {
  return style.colour ? concat("\x1b[", code, "m", text, "\x1b[0m") : text;
}

std::string bar(const TableStyle& style, std::size_t used, double whole, double first, double most) {
  const std::size_t room = style.width > used + 6 ? std::min<std::size_t>(style.width - used - 2, 40) : 0;
  if (most <= 0 || whole <= 0 || room == 0) return {};
  auto length = static_cast<std::size_t>(std::lround(whole / most * static_cast<double>(room)));
  length = std::max<std::size_t>(length, 1);
  const auto share = static_cast<std::size_t>(std::lround(first / whole * static_cast<double>(length)));
  const std::size_t solid = std::min(share, length);
  return coloured(style, "32", repeat(style.unicode ? "█" : "#", solid)) +
         (length > solid ? coloured(style, "34", repeat(style.unicode ? "░" : "-", length - solid)) : "");
}

std::string shortest(double number) {
  if (is_whole(number)) return std::to_string(static_cast<std::int64_t>(number));
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

std::string rounded(double number) {
  if (is_whole(number)) return std::to_string(static_cast<std::int64_t>(number));
  char text[32];
  std::snprintf(text, sizeof text, std::abs(number) < 1000 ? "%.4g" : "%.0f", number);
  return text;
}

std::string gauge_text(double value, const std::string& unit, const Zone& zone) {
  if (unit == "By") return human_bytes(value);
  if (unit == "bit/s") return human_rate(value);
  if (unit == "By/s") return human_rate(value * 8);
  if (unit == "s" && counted_from_1970(value))
    return minute_text(Timestamp{std::chrono::seconds{static_cast<std::int64_t>(value)}}, zone);
  return rounded(value);
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
