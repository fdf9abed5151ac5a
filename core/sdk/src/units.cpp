// Durations, byte sizes and the numbers that people read.

#include "trafficd/units.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "in_quotes.hpp"

namespace trafficd {

namespace {

__extension__ typedef unsigned __int128 Wide;

struct NamedUnit {
  std::string_view name;
  std::uint64_t amount;
};

constexpr NamedUnit time_units[] = {
    {"y", 31'536'000'000'000'000},
    {"w", 604'800'000'000'000},
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"m", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
};

/// In the order of preference where two forms are equally short.
constexpr NamedUnit size_units[] = {
    {"B", 1},
    {"kB", 1'000},
    {"KB", 1'000},
    {"K", 1'000},
    {"k", 1'000},
    {"MB", 1'000'000},
    {"M", 1'000'000},
    {"GB", 1'000'000'000},
    {"G", 1'000'000'000},
    {"TB", 1'000'000'000'000},
    {"T", 1'000'000'000'000},
    {"PB", 1'000'000'000'000'000},
    {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20},
    {"GiB", 1ULL << 30},
    {"TiB", 1ULL << 40},
    {"PiB", 1ULL << 50},
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// A decimal number as whole + fraction / scale.
struct Decimal {
  std::uint64_t whole = 0, fraction = 0, scale = 1;
};

/// Takes digits and at most nine decimals off the front; nothing when there are none, or more than fit.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal out;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), out.whole);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) return out;
  text.remove_prefix(1);
  for (; !text.empty() && is_digit(text[0]); text.remove_prefix(1)) {
    if (out.scale >= 1'000'000'000) return std::nullopt;
    out.scale *= 10;
    out.fraction = out.fraction * 10 + static_cast<std::uint64_t>(text[0] - '0');
  }
  return out;
}

std::string_view take_word(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && is_letter(text[length])) ++length;
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

template <std::size_t count>
const NamedUnit* find_unit(const NamedUnit (&units)[count], std::string_view name) {
  for (const NamedUnit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

bool leading_zero(std::string_view text) { return text.size() > 1 && text[0] == '0' && is_digit(text[1]); }

bool only_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

Error not_a_duration(std::string_view text) {
  return {concat(in_quotes(text), " is not a duration; say 10s, 5m, 2h, 14d or 1h30m")};
}

/// Rounds to three digits, two decimals at most, without regard to the locale.
std::string three_digits(double number) {
  const int decimals = number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::fixed, decimals).ptr;
  return {buffer, end};
}

/// The number in the largest unit in which it is at least one.
template <std::size_t count>
std::string scaled(double number, double step, const std::string_view (&units)[count]) {
  if (!std::isfinite(number)) return "?";
  std::string sign = number < 0 ? "-" : "";
  number = std::fabs(number);
  std::size_t unit = 0;
  // What would be shown as 1000 is shown as 1.00 of the next unit.
  while (number >= step - 0.5 && unit + 1 < count) {
    number /= step;
    ++unit;
  }
  const std::string digits =
      unit == 0 && number == std::floor(number) ? std::to_string(static_cast<int>(number)) : three_digits(number);
  return concat(sign, digits, " ", units[unit]);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return Error{"a duration is missing; say 10s, 5m or 1h30m"};
  if (text[0] == '-') return Error{concat(in_quotes(text), " is negative; a duration cannot be")};
  if (leading_zero(text)) return Error{concat(in_quotes(text), " begins with a zero; leave it out")};
  if (only_digits(text))
    return Error{concat("needs a unit: say ", text.substr(0, 20), "s, or another of ms, s, m, h, d, w, y")};
  std::string_view rest = text;
  Wide total = 0;
  std::uint64_t smallest = std::numeric_limits<std::uint64_t>::max();
  while (!rest.empty()) {
    const auto number = take_decimal(rest);
    if (!number) return not_a_duration(text);
    const std::string_view word = take_word(rest);
    const NamedUnit* unit = find_unit(time_units, word);
    if (!unit && !word.empty())
      return Error{concat("the unit ", in_quotes(word), " is not known; use ns, us, ms, s, m, h, d, w or y")};
    // Larger units first and each once, so that a slip such as 30m1h is not read as something.
    if (!unit || unit->amount >= smallest) return not_a_duration(text);
    smallest = unit->amount;
    const Wide part = Wide{number->fraction} * unit->amount;
    if (part % number->scale != 0) return Error{concat(in_quotes(text), " is finer than a nanosecond")};
    total += Wide{number->whole} * unit->amount + part / number->scale;
    if (total > Wide{std::numeric_limits<std::int64_t>::max()})
      return Error{concat(in_quotes(text), " is too long; the most is 292y")};
  }
  return Duration(static_cast<std::int64_t>(total));
}

std::string format_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  const bool negative = duration < Duration::zero();
  std::uint64_t rest = static_cast<std::uint64_t>(duration.count());
  if (negative) rest = 0 - rest;
  std::string out = negative ? "-" : "";
  for (const NamedUnit& unit : time_units) {
    if (unit.name == "w" || (unit.name == "y" && rest % unit.amount != 0)) continue;
    if (rest >= unit.amount) out += concat(rest / unit.amount, unit.name);
    rest %= unit.amount;
  }
  return out;
}

Result<ByteSize> parse_size(std::string_view text) {
  if (text == "0") return ByteSize{0};
  if (text.empty()) return Error{"a size is missing; say 64KiB or 500MB"};
  if (text[0] == '-') return Error{concat(in_quotes(text), " is negative; a size cannot be")};
  if (leading_zero(text)) return Error{concat(in_quotes(text), " begins with a zero; leave it out")};
  if (only_digits(text))
    return Error{concat("needs a unit: say ", text.substr(0, 20), "B, or another of kB, MB, GB, KiB, MiB, GiB")};
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  if (!number) return Error{concat(in_quotes(text), " is not a size; say 64KiB or 500MB")};
  const std::string_view word = take_word(rest);
  if (!rest.empty() || word.empty()) return Error{concat(in_quotes(text), " is not a size; say 64KiB or 500MB")};
  const NamedUnit* unit = find_unit(size_units, word);
  if (!unit)
    return Error{concat("the unit ", in_quotes(word), " is not known; use B, kB, MB, GB, TB, KiB, MiB, GiB or TiB")};
  const Wide total = Wide{number->whole} * unit->amount + Wide{number->fraction} * unit->amount / number->scale;
  if (total > Wide{std::numeric_limits<std::uint64_t>::max()}) return Error{concat(in_quotes(text), " is too large")};
  return ByteSize{static_cast<std::uint64_t>(total)};
}

std::string format_size(ByteSize size) {
  std::string best = concat(size.bytes, "B");
  for (const NamedUnit& unit : size_units) {
    if (size.bytes == 0 || size.bytes % unit.amount != 0 || (unit.name.size() == 1 && unit.amount > 1)) continue;
    if (std::string form = concat(size.bytes / unit.amount, unit.name); form.size() < best.size())
      best = std::move(form);
  }
  return best;
}

std::string human_bytes(double bytes, bool binary) {
  static constexpr std::string_view thousands[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  static constexpr std::string_view binaries[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  return binary ? scaled(bytes, 1024, binaries) : scaled(bytes, 1000, thousands);
}

std::string human_rate(double bits_per_second) {
  static constexpr std::string_view units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
  return scaled(bits_per_second, 1000, units);
}

namespace detail {

namespace {
template <class T>
void append_number(std::string& out, T number) {
  char buffer[40];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}
}  // namespace

void append_part(std::string& out, std::string_view text) { out += text; }
void append_part(std::string& out, std::int64_t number) { append_number(out, number); }
void append_part(std::string& out, std::uint64_t number) { append_number(out, number); }
void append_part(std::string& out, double number) { append_number(out, number); }

}  // namespace detail
}  // namespace trafficd
