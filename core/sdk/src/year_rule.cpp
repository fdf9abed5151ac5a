#include "year_rule.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace trafficd::detail {

using namespace std::chrono;

namespace {

constexpr const char* zone_folder = "/usr/share/zoneinfo/";

/// Eats the line from the front; `ok` is false once something was missing.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  bool eat(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok = eat(c) && ok; }
  int number() {
    int value = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    ok = ok && error == std::errc{} && !rest.starts_with('-');
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return value;
  }
  void name() {
    const std::size_t size = rest.starts_with('<') ? rest.find('>') + 1 : rest.find_first_of("+-0123456789,");
    ok = ok && size >= 3 && size <= rest.size();
    rest.remove_prefix(std::min(size, rest.size()));
  }
  /// `[+-]h[:m[:s]]`
  seconds time() {
    const bool minus = eat('-');
    if (!minus) eat('+');
    seconds value = hours{number()};
    if (eat(':')) value += minutes{number()};
    if (eat(':')) value += seconds{number()};
    return minus ? -value : value;
  }
  YearRule::Change change() {
    YearRule::Change change;
    expect(',');
    expect('M');
    change.month = number();
    expect('.');
    change.week = number();
    expect('.');
    change.weekday = number();
    if (eat('/')) change.time = time();
    ok = ok && change.month >= 1 && change.month <= 12 && change.week >= 1 && change.week <= 5 && change.weekday <= 6;
    return change;
  }
};

/// The moment of a change in a year, on a clock that stands at `offset` before it.
sys_seconds moment(const YearRule::Change& change, year in, seconds offset) {
  const weekday day{static_cast<unsigned>(change.weekday)};
  const year_month in_month{in, month{static_cast<unsigned>(change.month)}};
  const sys_days date =
      change.week == 5 ? sys_days{in_month / day[last]} : sys_days{in_month / day[static_cast<unsigned>(change.week)]};
  return date + change.time - offset;
}

}  // namespace

Offset YearRule::at(sys_seconds time) const {
  const year here = year_month_day{floor<days>(time)}.year();
  std::array<std::pair<sys_seconds, seconds>, 6> changes;
  for (int i = 0; i < 3; ++i) {
    const auto place = static_cast<std::size_t>(2 * i);
    changes[place] = {moment(to_summer, here + years{i - 1}, standard), summer};
    changes[place + 1] = {moment(to_standard, here + years{i - 1}, summer), standard};
  }
  std::sort(changes.begin(), changes.end());
  const auto next = std::upper_bound(changes.begin() + 1, changes.end() - 1, time,
                                     [](sys_seconds t, const auto& change) { return t < change.first; });
  return {std::prev(next)->second, std::prev(next)->first, next->first};
}

std::optional<YearRule> parse_year_rule(std::string_view text) {
  Cursor in{text};
  YearRule rule;
  in.name();
  rule.standard = -in.time();
  if (in.rest.empty()) return {};
  in.name();
  rule.summer = in.rest.starts_with(',') ? rule.standard + hours{1} : -in.time();
  rule.to_summer = in.change();
  rule.to_standard = in.change();
  if (!in.ok || !in.rest.empty()) return {};
  return rule;
}

std::optional<YearRule> find_year_rule(std::string_view zone) {
  const std::string path = zone_folder + std::string(zone);
  if (std::error_code error; !std::filesystem::is_regular_file(path, error)) return {};
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!bytes.starts_with("TZif") || !bytes.ends_with('\n')) return {};
  const std::size_t begin = bytes.rfind('\n', bytes.size() - 2);
  return parse_year_rule(std::string_view(bytes).substr(begin + 1, bytes.size() - begin - 2));
}

}  // namespace trafficd::detail
