#include "trafficd/host.hpp"

#include <algorithm>

#include "trafficd/descriptor.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {
constexpr Duration first_pause = std::chrono::minutes(1);
constexpr Duration longest_pause = std::chrono::hours(1);
}  // namespace

void Complaint::complain(Level level, std::string_view message) {
  const SteadyTime now = clock_.steady();
  const bool worse = level > worst_;
  if (active_ && now < next_ && !worse) {
    ++kept_back_;
    return;
  }
  worst_ = active_ ? std::max(worst_, level) : level;
  pause_ = active_ ? std::min(pause_ * 2, longest_pause) : first_pause;
  next_ = now + pause_;
  active_ = true;
  if (kept_back_ > 0)
    log_.write(level, concat(message, " (and ", kept_back_, " more like it since the last line)"));
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
