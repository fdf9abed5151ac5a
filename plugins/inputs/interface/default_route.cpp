#include "default_route.hpp"

#include <linux/route.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

namespace trafficd::interface {
namespace {

constexpr std::size_t most_columns = 10;
using Columns = std::array<std::string_view, most_columns>;

/// The first columns of a line; how many there are.
std::size_t split(std::string_view line, Columns& columns) {
  std::size_t count = 0;
  while (count < most_columns) {
    const auto begin = line.find_first_not_of(" \t");
    if (begin == line.npos) break;
    line.remove_prefix(begin);
    const auto end = std::min(line.find_first_of(" \t"), line.size());
    columns[count++] = line.substr(0, end);
    line.remove_prefix(end);
  }
  return count;
}

std::optional<std::uint32_t> number(std::string_view text, int base) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool usable(std::optional<std::uint32_t> flags) { return flags && (*flags & RTF_UP) && !(*flags & RTF_REJECT); }

struct Route {
  std::string_view interface;
  std::uint32_t metric = 0;
};

std::optional<Route> ipv4_default(const Columns& c, std::size_t count) {
  // Iface Destination Gateway Flags RefCnt Use Metric Mask
  if (count < 8 || number(c[1], 16) != 0U || number(c[7], 16) != 0U || !usable(number(c[3], 16))) return std::nullopt;
  const auto metric = number(c[6], 10);
  if (!metric || c[0] == "*") return std::nullopt;
  return Route{c[0], *metric};
}

std::optional<Route> ipv6_default(const Columns& c, std::size_t count) {
  // destination prefix source prefix next-hop metric references use flags interface
  if (count < 10 || c[0].find_first_not_of('0') != c[0].npos || number(c[1], 16) != 0U || !usable(number(c[8], 16)))
    return std::nullopt;
  const auto metric = number(c[5], 16);
  if (!metric || c[9] == "lo") return std::nullopt;
  return Route{c[9], *metric};
}

template <class Parse>
std::string best(std::string_view table, Parse parse) {
  std::optional<Route> found;
  while (!table.empty()) {
    const auto end = std::min(table.find('\n'), table.size());
    Columns columns;
    const std::size_t count = split(table.substr(0, end), columns);
    if (auto route = parse(columns, count); route && (!found || route->metric < found->metric)) found = route;
    table.remove_prefix(std::min(end + 1, table.size()));
  }
  return found ? std::string(found->interface) : std::string{};
}

}  // namespace

std::string ipv4_default_interface(std::string_view table) { return best(table, ipv4_default); }
std::string ipv6_default_interface(std::string_view table) { return best(table, ipv6_default); }

}  // namespace trafficd::interface
