#include "trafficd/host.hpp"

#include <algorithm>

#include "trafficd/descriptor.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {
constexpr Duration first_pause = std::chrono::minutes(1);
constexpr Duration longest_pause = std::chrono::hours(1);
// A message that is new each time must not fill the log.
constexpr std::size_t most_kinds = 8;

/// The same for messages that differ in numbers only.
std::size_t kind_of(std::string_view message) {
  std::string words(message);
  std::erase_if(words, [](char c) { return c >= '0' && c <= '9'; });
  return std::hash<std::string>{}(words);
}

}  // namespace

void Complaint::complain(Level level, std::string_view message) {
  const SteadyTime now = clock_.steady();
  const std::size_t kind = kind_of(message);
  const bool another = said_.size() < most_kinds && std::ranges::find(said_, kind) == said_.end();
  if (active_ && now < next_ && level <= worst_ && !another) {
    ++kept_back_;
    return;
  }
  if (another) said_.push_back(kind);
  worst_ = active_ ? std::max(worst_, level) : level;
  // What is new does not put off what is said again.
  if (!active_ || now >= next_) {
    pause_ = active_ ? std::min(pause_ * 2, longest_pause) : first_pause;
    next_ = now + pause_;
  }
  active_ = true;
  if (kept_back_ > 0)
    log_.write(level, concat(message, " (and ", kept_back_, " more complaints since the last line)"));
  else
    log_.write(level, message);
  kept_back_ = 0;
}

void Complaint::resolve(std::string_view message) {
  if (!active_) return;
  if (kept_back_ > 0)
    log_.info(concat(message, " (", kept_back_, " complaints were not shown)"));
  else
    log_.info(message);
  active_ = false;
  worst_ = Level::debug;
  kept_back_ = 0;
  said_.clear();
}

std::string_view to_string(PluginType type) {
  switch (type) {
    case PluginType::input: return "input";
    case PluginType::stage: return "stage";
    case PluginType::output: break;
  }
  return "output";
}

}  // namespace trafficd
