#include "trafficd/counter.hpp"

#include <algorithm>
#include <cmath>

namespace trafficd {

namespace {

/// Calls `use(counter's place among the counters, total)` for each counter field that is present.
template <class Use>
void each_total(const Sample& sample, const Use& use) {
  const auto& fields = sample.series->measurement().fields();
  std::size_t place = 0;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].kind != Kind::counter) continue;
    if (i < sample.values.size())
      if (const std::uint64_t total = total_of(sample.values[i]); total != Baseline::unseen) use(place, total);
    ++place;
  }
}

std::size_t count_counters(const Measurement& measurement) {
  const auto& fields = measurement.fields();
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(), [](const FieldSpec& f) { return f.kind == Kind::counter; }));
}

/// All of the totals count, because the life began at zero.
void count_from_zero(const Sample& sample, Baseline& life, Increase& increase) {
  std::fill(life.totals.begin(), life.totals.end(), 0);
  life.time = sample.time;
  each_total(sample, [&](std::size_t i, std::uint64_t total) { increase.amounts[i] = life.totals[i] = total; });
}

/// The same life: what stands above the marks counts, per field.
void count_growth(const Sample& sample, Baseline& life, Increase& increase) {
  bool grown = false;
  increase.from = std::min(life.time, sample.time);
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    std::uint64_t& mark = life.totals[i];
    if (mark == Baseline::unseen) {
      mark = total;
    } else if (total > mark) {
      increase.amounts[i] = total - mark;
      mark = total;
      grown = true;
    }
  });
  increase.reason = grown ? Increase::Reason::grown : Increase::Reason::repeated;
  // A growth that carries an earlier time shows a clock that was put back, and that one is right from now on. An idle
  // counter moves the time on, and so does one that stands below its mark: the next growth is not spread over the
  // pause.
  if (grown || sample.time > life.time) life.time = sample.time;
}

/// The source cannot tell its lives and a total fell: either all of it wrapped, or all of it began anew; when both are
/// believable, or none is, it is not for us to say.
Increase::Reason judge(const Sample& sample, const Baseline& life) {
  const CounterTraits& traits = sample.series->traits();
  if (traits.max_rate == 0) return traits.width >= 64 ? Increase::Reason::restarted : Increase::Reason::doubtful;
  const double seconds = std::chrono::duration<double>(sample.time - life.time).count();
  const double most = static_cast<double>(traits.max_rate) * seconds;
  const double range = std::ldexp(1.0, traits.width);
  bool wrap = traits.width < 64, restart = true;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    const std::uint64_t mark = life.totals[i];
    if (mark == Baseline::unseen) return;
    const double here = static_cast<double>(total), step = here - static_cast<double>(mark);
    if ((step < 0 ? step + range : step) > most || static_cast<double>(mark) >= range) wrap = false;
    if (here > most) restart = false;
  });
  if (wrap == restart) return Increase::Reason::doubtful;
  return wrap ? Increase::Reason::wrapped : Increase::Reason::restarted;
}

bool falls(const Sample& sample, const Baseline& life) {
  bool lower = false;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    lower = lower || (life.totals[i] != Baseline::unseen && total < life.totals[i]);
  });
  return lower;
}

bool grows(const Sample& sample, const Baseline& life) {
  bool higher = false;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    higher = higher || (life.totals[i] != Baseline::unseen && total > life.totals[i]);
  });
  return higher;
}

void count_unnamed(const Sample& sample, Baseline& life, Increase& increase) {
  if (sample.time <= life.time || !falls(sample, life)) return count_growth(sample, life, increase);
  // Nothing is known of the rate, and one field fell while another went on: no restart, only a source that corrects
  // itself. What grew counts, what fell waits below its mark.
  const CounterTraits& traits = sample.series->traits();
  if (traits.max_rate == 0 && traits.width >= 64 && grows(sample, life)) {
    count_growth(sample, life, increase);
    increase.reason = Increase::Reason::doubtful;
    return;
  }
  increase.from = life.time;
  increase.reason = judge(sample, life);
  if (increase.reason == Increase::Reason::restarted) count_from_zero(sample, life, increase);
  if (increase.reason != Increase::Reason::wrapped) return;
  const std::uint64_t range = std::uint64_t{1} << sample.series->traits().width;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    std::uint64_t& mark = life.totals[i];
    if (mark != Baseline::unseen) increase.amounts[i] = total < mark ? range - mark + total : total - mark;
    mark = total;
  });
  life.time = sample.time;
}

}  // namespace

std::string_view to_string(Increase::Reason reason) {
  switch (reason) {
    case Increase::Reason::first: return "first";
    case Increase::Reason::born: return "born";
    case Increase::Reason::grown: return "grown";
    case Increase::Reason::restarted: return "restarted";
    case Increase::Reason::wrapped: return "wrapped";
    case Increase::Reason::repeated: return "repeated";
    case Increase::Reason::doubtful: return "doubtful";
  }
  return "unknown";
}

std::vector<std::size_t> counter_fields(const Measurement& measurement) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < measurement.fields().size(); ++i)
    if (measurement.fields()[i].kind == Kind::counter) places.push_back(i);
  return places;
}

Increase CounterTracker::step(const Sample& sample) {
  Increase increase;
  step(sample, increase);
  return increase;
}

void CounterTracker::step(const Sample& sample, Increase& increase) {
  const std::size_t counters = count_counters(sample.series->measurement());
  increase.reason = Increase::Reason::first;
  increase.from = sample.time;
  increase.amounts.assign(counters, 0);
  const auto known =
      std::find_if(lives_.begin(), lives_.end(), [&](const Baseline& b) { return b.epoch == sample.epoch; });
  if (known != lives_.end()) {
    // Who is in use is not the next to go.
    std::rotate(known, known + 1, lives_.end());
    Baseline& life = lives_.back();
    life.totals.resize(counters, Baseline::unseen);
    sample.epoch == 0 ? count_unnamed(sample, life, increase) : count_growth(sample, life, increase);
    return;
  }

  Baseline life{sample.epoch, sample.time, std::vector<std::uint64_t>(counters, Baseline::unseen)};
  if (!begin(sample, life, increase))
    each_total(sample, [&](std::size_t i, std::uint64_t total) { life.totals[i] = total; });
  restore(std::move(life));
}

/// Counts a new life from zero where that is right; false when it only sets a mark.
bool CounterTracker::begin(const Sample& sample, Baseline& life, Increase& increase) const {
  // A life without a name is no proof of a restart.
  if (sample.mark_only || !(sample.born || (known_ && sample.epoch != 0))) return false;
  increase.reason = known_ ? Increase::Reason::restarted : Increase::Reason::born;
  // A life that was seen from its birth fell into the last step; any other may have begun right after the last sample.
  if (!sample.born && !lives_.empty()) {
    const auto newest = std::max_element(lives_.begin(), lives_.end(),
                                         [](const Baseline& a, const Baseline& b) { return a.time < b.time; });
    increase.from = std::min(newest->time, sample.time);
  }
  count_from_zero(sample, life, increase);
  return true;
}

void CounterTracker::restore(Baseline baseline) {
  known_ = true;
  if (lives_.size() == lives_kept) lives_.erase(lives_.begin());
  lives_.push_back(std::move(baseline));
}

}  // namespace trafficd
