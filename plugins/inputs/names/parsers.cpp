#include "parsers.hpp"

#include <algorithm>

#include "trafficd/units.hpp"

namespace trafficd::names {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Takes the first word off the front; what is left begins with no blank.
std::string_view take_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find_first_of(blanks));
  rest = trim(rest.substr(word.size()));
  return word;
}

std::string_view without_comment(std::string_view line) { return line.substr(0, line.find('#')); }

/// Nothing on the line, an entry, or no sense in it.
enum class Line : std::uint8_t { empty, entry, bad };

template <class Read>
Parsed each_line(std::string_view text, std::size_t most, const Read& read) {
  Parsed parsed;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    Entry entry;
    const Line what = line.empty() ? Line::empty : read(line, entry);
    if (what == Line::bad && parsed.bad_lines++ == 0) parsed.first_bad = number;
    if (what != Line::entry) continue;
    if (parsed.entries.size() < most)
      parsed.entries.push_back(std::move(entry));
    else
      ++parsed.left_out;
  }
  return parsed;
}

/// Sets the MAC or the address that the word is; false when it is neither, or nobody's.
bool read_key(std::string_view word, Entry& entry) {
  entry.mac = parse_mac(word);
  if (entry.mac) return entry.mac->usable();
  entry.address = parse_address(word);
  return entry.address.has_value();
}

Line read_own(std::string_view line, Entry& entry) {
  if (line.front() == '#') return Line::empty;
  std::string_view rest = line;
  std::string_view word = take_word(rest);
  if (!read_key(word, entry)) {
    if (!word.ends_with(':')) return Line::bad;
    word.remove_suffix(1);
    if (!read_key(word, entry)) return Line::bad;
  }
  if (rest.size() >= 2 && (rest.front() == '"' || rest.front() == '\'') && rest.back() == rest.front())
    rest = rest.substr(1, rest.size() - 2);
  if (!good_name(rest)) return Line::bad;
  entry.name = rest;
  return Line::entry;
}

Line read_ethers(std::string_view line, Entry& entry) {
  std::string_view rest = trim(without_comment(line));
  if (rest.empty()) return Line::empty;
  entry.mac = parse_mac(take_word(rest));
  const std::string_view word = take_word(rest);
  if (!entry.mac || !entry.mac->usable()) return Line::bad;
  entry.address = parse_address(word);
  if (entry.address) return Line::entry;
  if (!good_name(word)) return Line::bad;
  entry.name = word;
  return Line::entry;
}

Line read_lease(std::string_view line, Entry& entry) {
  std::string_view rest = line;
  const std::string_view time = take_word(rest);
  if (time == "duid") return Line::empty;  // the server's own, before the leases of IPv6
  const std::string_view hardware = take_word(rest);
  entry.address = parse_address(take_word(rest));
  const std::string_view name = take_word(rest);
  const bool number = !time.empty() && std::ranges::all_of(time, [](char c) { return c >= '0' && c <= '9'; });
  if (!number || !entry.address || name.empty()) return Line::bad;
  if (!entry.address->ipv6) entry.mac = parse_mac(hardware);
  if (entry.mac && !entry.mac->usable()) return Line::bad;
  if (name == "*") return entry.mac ? Line::entry : Line::empty;
  if (!good_name(name)) return Line::bad;
  entry.name = name;
  return Line::entry;
}

Line read_host(std::string_view line, Entry& entry) {
  std::string_view rest = trim(without_comment(line));
  if (rest.empty()) return Line::empty;
  entry.address = parse_address(take_word(rest));
  const std::string_view name = take_word(rest);
  if (!entry.address || !good_name(name)) return Line::bad;
  if (!entry.address->tells()) return Line::empty;
  entry.name = name;
  return Line::entry;
}

}  // namespace

bool good_name(std::string_view name) {
  return !name.empty() && name.size() <= most_name_bytes && printable(name) == name &&
         name.find("\uFFFD") == std::string_view::npos;
}

Parsed parse_own(std::string_view text, std::size_t most) { return each_line(text, most, read_own); }
Parsed parse_ethers(std::string_view text, std::size_t most) { return each_line(text, most, read_ethers); }
Parsed parse_leases(std::string_view text, std::size_t most) {
  // dnsmasq writes the file anew in place, so its last line may be half written: it comes whole at the next look.
  return each_line(text.substr(0, text.rfind('\n') + 1), most, read_lease);
}
Parsed parse_hosts(std::string_view text, std::size_t most) { return each_line(text, most, read_host); }

}  // namespace trafficd::names
