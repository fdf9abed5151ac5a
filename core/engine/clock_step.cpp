#include "engine/clock_step.hpp"

namespace trafficd {

namespace {

/// The totals of `last` once more; gauges and deltas are absent.
Sample stamped_anew(const Sample& last, Timestamp time) {
  Sample mark{last.series, time, last.epoch, last.born, true, last.values};
  const auto& fields = last.series->measurement().fields();
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].kind != Kind::counter) mark.values[i] = {};
  return mark;
}

/// A sample, and the place before which it belongs.
using Placed = std::pair<std::size_t, Sample>;

void put_in(Batch& batch, std::vector<Placed>& marks) {
  Batch all;
  all.reserve(batch.size() + marks.size());
  auto mark = marks.begin();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (mark != marks.end() && mark->first == i) all.push_back(std::move((mark++)->second));
    all.push_back(std::move(batch[i]));
  }
  batch = std::move(all);
}

// In floating point: stamps of others may be further apart than a Duration can tell.
double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
double seconds_between(Timestamp from, Timestamp to) {
  return seconds(to.time_since_epoch()) - seconds(from.time_since_epoch());
}

}  // namespace

Duration ClockStep::look(Timestamp wall, SteadyTime steady) {
  const Duration step = (wall - wall_) - (steady - steady_);
  const bool first = !std::exchange(looked_, true);
  wall_ = wall;
  steady_ = steady;
  return first || std::chrono::abs(step) < tolerance ? Duration::zero() : step;
}

void LastTotals::follow(Batch& batch, SteadyTime seen) {
  std::vector<Placed> marks;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Sample& sample = batch[i];
    if (sample.series->measurement().counters().empty()) continue;
    Last* last = series_.get(sample.series);
    if (last == nullptr) continue;
    const bool known = last->sample.series != nullptr, put_back = known && last->followed > set_by_;
    if (!known || put_back) {
      last->followed = set_by_;
    } else if (last->followed < set_by_) {
      if (Sample mark = mark_before(sample, *last, seen); mark.series) marks.emplace_back(i, std::move(mark));
    }
    // A late sample says less than the one before it.
    if (known && !put_back && sample.time < last->sample.time) continue;
    // Remembering a series is not holding it.
    if (last->sample.series != sample.series) last->sample.series = sample.series->shared_from_this();
    last->sample.time = sample.time;
    last->sample.epoch = sample.epoch;
    last->sample.born = sample.born;
    last->sample.values = sample.values;
    last->seen = seen;
  }
  if (!marks.empty()) put_in(batch, marks);
  if (seen - purged_ < std::max<Duration>(std::chrono::hours(1), 2 * interval_)) return;
  purged_ = seen;
  series_.purge(1);
}

Sample LastTotals::mark_before(const Sample& next, Last& last, SteadyTime seen) const {
  const Duration step = set_by_ - last.followed;
  const double gap = seconds_between(last.sample.time, next.time);
  // One that was stamped before the clock was set, and comes only now, leaves the mark to the next.
  if (gap - seconds(seen - last.seen) < seconds(step) / 2) return {};
  last.followed = set_by_;
  return seconds(step) < gap ? stamped_anew(last.sample, last.sample.time + step) : Sample{};
}

}  // namespace trafficd
