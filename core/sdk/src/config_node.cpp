#include "trafficd/config_node.hpp"

#include <algorithm>
#include <cctype>

#include "in_quotes.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

const ConfigNode* ConfigNode::find(std::string_view key) const {
  for (const ConfigEntry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

ConfigNode ConfigNode::without(const std::vector<std::string>& keys) const {
  ConfigNode copy = *this;
  std::erase_if(copy.entries, [&](const ConfigEntry& e) { return std::ranges::find(keys, e.key) != keys.end(); });
  copy.also_known.insert(copy.also_known.end(), keys.begin(), keys.end());
  return copy;
}

std::string Problem::text() const {
  std::string out = mark.file;
  if (mark.line > 0) out += concat(out.empty() ? "line " : ":", mark.line, ":", mark.column);
  if (!out.empty()) out += ": ";
  if (!path.empty()) out += path + ": ";
  // Path and message may hold what the file holds, and this line goes to a terminal.
  return printable(out + message);
}

ConfigError::ConfigError(Problems problems) : problems_(std::move(problems)) {
  for (const Problem& problem : problems_) what_ += (what_.empty() ? "" : "\n") + problem.text();
}

ConfigError::ConfigError(const ConfigNode& node, std::string message)
    : ConfigError(Problems{{node.mark, node.path, std::move(message)}}) {}

namespace {

std::string folded(std::string_view word) {
  std::string out;
  for (const unsigned char c : word) out.push_back(c == '-' ? '_' : static_cast<char>(std::tolower(c)));
  return out;
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t longest = 64;
  if (word.empty() || word.size() > longest) return {};
  const std::string wanted = folded(word);
  std::size_t best = word.size() < 5 ? 1 : word.size() < 9 ? 2 : 3;
  const std::string* found = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > longest) continue;
    const std::size_t steps = distance(wanted, folded(candidate));
    if (steps < std::min(wanted.size(), candidate.size()) && (found ? steps < best : steps <= best)) {
      best = steps;
      found = &candidate;
    }
  }
  return found ? *found : std::string{};
}

}  // namespace trafficd
