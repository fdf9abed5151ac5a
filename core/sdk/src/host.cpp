#include "trafficd/host.hpp"

#include <algorithm>
#include <utility>

#include "trafficd/descriptor.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {
constexpr Duration first_pause = std::chrono::minutes(1);
constexpr Duration longest_pause = std::chrono::hours(1);
// A message that is new each time must not fill the log.
constexpr std::size_t most_kinds = 8;
// So often in a while, which grows up to the longest pause where that was not enough.
constexpr int most_returns = 5;
constexpr Duration first_while = std::chrono::minutes(10);
// A trouble that stays must not look as if it were over for long.
constexpr Duration longest_silence = std::chrono::minutes(5);

/// The same for messages that differ in numbers only.
std::size_t kind_of(std::string_view message) {
  std::string words(message);
  std::erase_if(words, [](char c) { return c >= '0' && c <= '9'; });
  return std::hash<std::string>{}(words);
}

}  // namespace

void Complaint::complain(Level level, std::string_view message) {
  const SteadyTime now = clock_.steady();
  if (!active_) begin(now);
  const std::size_t kind = kind_of(message);
  const bool another = said_.size() < most_kinds && std::ranges::find(said_, kind) == said_.end();
  if (now < next_ && level <= worst_ && !another) {
    ++kept_back_;
    return;
  }
  if (another) said_.push_back(kind);
  worst_ = std::max(worst_, level);
  // What is new does not put off what is said again.
  if (now >= next_) {
    pause_ = pause_ == Duration::zero() ? first_pause : std::min(pause_ * 2, longest_pause);
    next_ = now + pause_;
  }
  told_ = true;
  if (kept_back_ > 0)
    log_.write(level, concat(message, " (and ", kept_back_, " more complaints since the last line)"));
  else
    log_.write(level, message);
  kept_back_ = 0;
}

/// A trouble that comes again and again is said a few times in a while, and the while grows.
void Complaint::begin(SteadyTime now) {
  active_ = true;
  if (now >= while_ends_) {
    while_ = returns_ > most_returns ? std::min(while_ * 2, longest_pause) : first_while;
    while_ends_ = now + while_;
    returns_ = 0;
  }
  if (++returns_ > most_returns) {
    next_ = std::min(while_ends_, now + longest_silence);
    return;
  }
  next_ = {};
  pause_ = {};
  worst_ = Level::debug;
  said_.clear();
}

void Complaint::resolve(std::string_view message) {
  if (!active_) return;
  active_ = false;
  if (!std::exchange(told_, false)) return;
  if (kept_back_ > 0)
    log_.info(concat(message, " (", kept_back_, " complaints were not shown)"));
  else
    log_.info(message);
  kept_back_ = 0;
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
