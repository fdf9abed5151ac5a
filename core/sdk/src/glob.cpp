// Shell patterns on names. Time is at most pattern × text, whatever the pattern.

#include <algorithm>
#include <optional>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

/// A byte that is not UTF-8 is a character of its own.
std::size_t character_length(std::string_view text) { return std::max<std::size_t>(utf8_length(text), 1); }

/// The length of the set that begins at `[`, or 0 when it is never closed and the bracket stands for itself.
std::size_t set_length(std::string_view pattern) {
  std::size_t at = 1;
  if (at < pattern.size() && pattern[at] == '!') ++at;
  if (at < pattern.size() && pattern[at] == ']') ++at;
  const std::size_t close = pattern.find(']', at);
  return close == std::string_view::npos ? 0 : close + 1;
}

/// From `low` to `high`, both included; the same for a single character. UTF-8 sorts as its characters do.
struct Range {
  std::string_view low, high;
};

/// What stands between the brackets of a set, and whether it is negated.
struct Members {
  explicit Members(std::string_view set) : rest(set.substr(1, set.size() - 2)) {
    negated = rest.starts_with('!');
    if (negated) rest.remove_prefix(1);
  }
  std::optional<Range> next() {
    if (rest.empty()) return std::nullopt;
    const auto take = [this] {
      const std::string_view one = rest.substr(0, character_length(rest));
      rest.remove_prefix(one.size());
      return one;
    };
    Range range{take(), {}};
    range.high = range.low;
    if (rest.size() > 1 && rest[0] == '-') {
      rest.remove_prefix(1);
      range.high = take();
    }
    return range;
  }
  std::string_view rest;
  bool negated;
};

bool in_set(std::string_view set, std::string_view character) {
  Members members(set);
  while (const auto range = members.next())
    if (range->low <= character && character <= range->high) return !members.negated;
  return members.negated;
}

/// A range in the set that nothing is in, as it is written; empty when there is none.
std::string empty_range(std::string_view set) {
  Members members(set);
  while (const auto range = members.next())
    if (range->high < range->low) return concat(range->low, "-", range->high);
  return {};
}

/// Takes one element of the pattern and the character that it fits off the fronts; false when it does not fit.
bool step(std::string_view& pattern, std::string_view& text) {
  if (pattern.empty() || text.empty()) return false;
  const std::size_t set = pattern[0] == '[' ? set_length(pattern) : 0;
  if (set > 0 || pattern[0] == '?') {
    const std::size_t length = character_length(text);
    if (set > 0 && !in_set(pattern.substr(0, set), text.substr(0, length))) return false;
    pattern.remove_prefix(std::max<std::size_t>(set, 1));
    text.remove_prefix(length);
    return true;
  }
  if (pattern[0] != text[0]) return false;
  pattern.remove_prefix(1);
  text.remove_prefix(1);
  return true;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  // After a star: where the pattern goes on, and from where in the text it was tried last.
  std::string_view star_pattern, star_text;
  bool star = false;
  while (!text.empty() || !pattern.empty()) {
    if (!pattern.empty() && pattern[0] == '*') {
      pattern.remove_prefix(1);
      star = true;
      star_pattern = pattern;
      star_text = text;
      continue;
    }
    if (step(pattern, text)) continue;
    if (!star || star_text.empty()) return false;
    star_text.remove_prefix(character_length(star_text));
    pattern = star_pattern;
    text = star_text;
  }
  return true;
}

std::string glob_fault(std::string_view pattern) {
  while (!pattern.empty()) {
    if (pattern[0] != '[') {
      pattern.remove_prefix(1);
      continue;
    }
    const std::size_t length = set_length(pattern);
    if (length == 0) return "has a '[' that no ']' closes; write '[[]' for the bracket itself";
    if (const std::string range = empty_range(pattern.substr(0, length)); !range.empty())
      return concat("has the range '", range, "', which holds nothing: its ends stand the wrong way round");
    pattern.remove_prefix(length);
  }
  return {};
}

bool glob_match(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return glob_match(pattern, text); });
}

}  // namespace trafficd
