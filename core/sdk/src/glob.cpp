// Shell patterns on names. Time is at most pattern × text, whatever the pattern.

#include <algorithm>

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

bool in_set(std::string_view set, std::string_view character) {
  std::string_view members = set.substr(1, set.size() - 2);
  const bool negated = !members.empty() && members[0] == '!';
  if (negated) members.remove_prefix(1);
  bool found = false;
  while (!members.empty()) {
    const std::string_view low = members.substr(0, character_length(members));
    members.remove_prefix(low.size());
    std::string_view high = low;
    if (members.size() > 1 && members[0] == '-') {
      members.remove_prefix(1);
      high = members.substr(0, character_length(members));
      members.remove_prefix(high.size());
    }
    // UTF-8 sorts as its characters do.
    if (low <= character && character <= high) found = true;
  }
  return found != negated;
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

bool glob_match(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) { return glob_match(pattern, text); });
}

}  // namespace trafficd
