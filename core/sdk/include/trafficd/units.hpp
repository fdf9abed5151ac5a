#pragma once
// Values that carry their unit in the configuration (`10s`, `64KiB`), and the texts that people read.

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "trafficd/status.hpp"

namespace trafficd {

/// `150ms`, `10s`, `5m`, `2h`, `14d`, `2w`, `1y` (365 days), and sums such as `1h30m`. A unit is required, but for `0`.
Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);

/// A number of bytes.
struct ByteSize {
  std::uint64_t bytes = 0;
  friend auto operator<=>(const ByteSize&, const ByteSize&) = default;
};
/// `512B`, `64KiB`, `1.5GiB`, `500MB`, `1TB`; K/M/G without `i` count in thousands. A unit is required, but for `0`.
Result<ByteSize> parse_size(std::string_view text);
/// The shortest exact form that parses back: `64KiB`, `500MB`, `1234B`.
std::string format_size(ByteSize size);
/// For people: `1.21 GB` (thousands) or, with `binary`, `1.13 GiB`.
std::string human_bytes(double bytes, bool binary = false);
/// For people: `12.3 Mbit/s`.
std::string human_rate(double bits_per_second);

/// Foreign text as a terminal or a log may show it, on one line: a blank for tabs and line ends, `?` for other control
/// characters and those that turn the direction of writing, U+FFFD for each byte that is not UTF-8.
std::string printable(std::string_view text);
/// The bytes of the character at the front of a text that is not empty; 0 when it is not well-formed UTF-8.
std::size_t utf8_length(std::string_view text);

/// An address block, IPv4 or IPv6, as `192.168.0.0/16` or `fd00::/8`; a bare address is a block of one.
struct Network {
  std::array<std::uint8_t, 16> address{};  ///< IPv4 in the first four bytes
  std::uint8_t prefix = 0;
  bool ipv6 = false;
  bool contains(const std::array<std::uint8_t, 16>& other, bool other_ipv6) const;
  friend bool operator==(const Network&, const Network&) = default;
};
/// Refuses host bits that are set, and says which block was meant.
Result<Network> parse_network(std::string_view text);
std::string format_network(const Network& network);

/// Something that must not be seen: prints as `***`. Given as `{ file: PATH }`, `{ env: NAME }` or
/// `{ credential: NAME }` (a file in systemd's $CREDENTIALS_DIRECTORY), or as plain text, which `check` warns of. It is
/// read in `open`, by `reveal`.
class Secret {
 public:
  enum class Source : unsigned char { none, text, file, environment, credential };
  Secret() = default;
  Secret(Source source, std::string where) : source_(source), where_(std::move(where)) {}
  bool empty() const { return source_ == Source::none; }
  Source source() const { return source_; }
  /// The file, variable or credential; `***` for plain text.
  std::string where() const { return source_ == Source::text ? "***" : where_; }
  /// Reads it now, without the line feed at its end. Fails with what was tried and what to do.
  Result<std::string> reveal() const;

 private:
  Source source_ = Source::none;
  std::string where_;
};

/// Whether `text` fits the pattern: `*` any run, `?` one character, `[a-z]` and `[!a-z]` one of a set.
bool glob_match(std::string_view pattern, std::string_view text);
/// What is wrong with the pattern and what to write instead; empty when nothing is. `glob_match` takes any.
std::string glob_fault(std::string_view pattern);
/// Whether any pattern fits.
bool glob_match(const std::vector<std::string>& patterns, std::string_view text);

/// Joins texts and numbers into one string: messages without a formatting library in the headers.
template <class... Parts>
std::string concat(const Parts&... parts);

namespace detail {
void append_part(std::string& out, std::string_view text);
void append_part(std::string& out, std::int64_t number);
void append_part(std::string& out, std::uint64_t number);
void append_part(std::string& out, double number);
template <class T>
void append_any(std::string& out, const T& part) {
  if constexpr (std::is_same_v<T, char>)
    out.push_back(part);
  else if constexpr (std::is_same_v<T, bool>)
    out += part ? "true" : "false";
  else if constexpr (std::is_floating_point_v<T>)
    append_part(out, static_cast<double>(part));
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
    append_part(out, static_cast<std::int64_t>(part));
  else if constexpr (std::is_integral_v<T>)
    append_part(out, static_cast<std::uint64_t>(part));
  else if constexpr (std::is_same_v<T, std::filesystem::path>)
    out += part.native();
  else
    append_part(out, std::string_view(part));
}
}  // namespace detail

template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append_any(out, parts), ...);
  return out;
}

}  // namespace trafficd
