#include "engine/clock_step.hpp"

namespace trafficd {

Duration ClockStep::look(Timestamp wall, SteadyTime steady) {
  const Duration step = (wall - wall_) - (steady - steady_);
  const bool first = !std::exchange(looked_, true);
  wall_ = wall;
  steady_ = steady;
  return first || std::chrono::abs(step) < tolerance ? Duration::zero() : step;
}

Batch stamped_anew(const Batch& last, Duration step, Timestamp now) {
  Batch anew;
  for (const Sample& sample : last) {
    if (sample.time + step > now) continue;
    const auto& fields = sample.series->measurement().fields();
    Sample mark{sample.series, sample.time + step, sample.epoch, sample.born, true, sample.values};
    bool any = false;
    for (std::size_t i = 0; i < mark.values.size() && i < fields.size(); ++i) {
      if (fields[i].kind != Kind::counter) mark.values[i] = {};
      any = any || !mark.values[i].absent();
    }
    if (any) anew.push_back(std::move(mark));
  }
  return anew;
}

}  // namespace trafficd
