#include "trafficd/counter.hpp"

#include <algorithm>
#include <charconv>

#include "counter_growth.hpp"

namespace trafficd {

using detail::each_total;
using detail::passed;

namespace {

/// All of the totals count, because the life began at zero.
void count_from_zero(const Sample& sample, Baseline& life, Increase& increase) {
  std::fill(life.totals.begin(), life.totals.end(), 0);
  life.time = sample.time;
  each_total(sample, [&](std::size_t i, std::uint64_t total) { increase.amounts[i] = life.totals[i] = total; });
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
    case Increase::Reason::held: return "held";
    case Increase::Reason::doubtful: return "doubtful";
  }
  return "unknown";
}

void detail::count_growth(const Sample& sample, Baseline& life, Increase& increase) {
  bool grown = false;
  increase.from = increase.since = std::min(life.time, sample.time);
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    std::uint64_t& mark = life.totals[i];
    if (mark == Baseline::unseen) {
      mark = total;
    } else if (total > mark) {
      increase.amounts[i] = passed(mark, total);
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

std::string doubt_id(const Sample& sample, std::string_view field, std::uint64_t before, std::uint64_t after) {
  const Series& series = *sample.series;
  std::string who = series.instance();
  for (const Tag& tag : series.identity()) ((who += '\xff') += tag.key) += '\xff' + tag.value;
  const std::string epoch = std::to_string(sample.epoch), from = std::to_string(before), to = std::to_string(after);
  const std::uint64_t hash = make_epoch({who, series.measurement().name(), epoch, field, from, to});
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, hash, 16).ptr;
  std::string id(static_cast<std::size_t>(digits + sizeof digits - end), '0');
  return id.append(digits, end);
}

bool stands_below(const Sample& sample, const Baseline& life) {
  bool below = false;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    below = below || (i < life.totals.size() && life.totals[i] != Baseline::unseen && total < life.totals[i]);
  });
  return below;
}

Increase CounterTracker::step(const Sample& sample) {
  Increase increase;
  step(sample, increase);
  return increase;
}

void CounterTracker::step(const Sample& sample, Increase& increase) {
  const std::size_t counters = sample.series->measurement().counters().size();
  increase.reason = Increase::Reason::first;
  increase.from = increase.since = sample.time;
  increase.amounts.assign(counters, 0);
  increase.doubts.clear();
  const auto known =
      std::find_if(lives_.begin(), lives_.end(), [&](const Baseline& b) { return b.epoch == sample.epoch; });
  if (known != lives_.end()) {
    // Who is in use is not the next to go.
    std::rotate(known, known + 1, lives_.end());
    Baseline& life = lives_.back();
    life.totals.resize(counters, Baseline::unseen);
    sample.epoch == 0 ? step_unnamed(sample, life, increase) : detail::count_growth(sample, life, increase);
    return;
  }

  Baseline life{sample.epoch, sample.time, std::vector<std::uint64_t>(counters, Baseline::unseen)};
  if (!begin(sample, life, increase))
    each_total(sample, [&](std::size_t i, std::uint64_t total) { life.totals[i] = total; });
  if (sample.epoch == 0) held_.reset();
  restore(std::move(life));
}

/// Counts a new life from zero where that is right; false when it only sets a mark.
bool CounterTracker::begin(const Sample& sample, Baseline& life, Increase& increase) const {
  // A life without a name is no proof of a restart.
  if (sample.mark_only || !(sample.born || (known_ && sample.epoch != 0))) return false;
  increase.reason = known_ ? Increase::Reason::restarted : Increase::Reason::born;
  // One that was not seen from its birth may have begun right after the last sample, or just now: it is booked to where
  // it was there for sure, and not into the month before the machine was switched on.
  if (!sample.born && !lives_.empty()) {
    const auto newest = std::max_element(lives_.begin(), lives_.end(),
                                         [](const Baseline& a, const Baseline& b) { return a.time < b.time; });
    increase.since = std::min(newest->time, sample.time);
  }
  count_from_zero(sample, life, increase);
  return true;
}

void CounterTracker::restore(Baseline baseline) {
  known_ = true;
  if (lives_.size() == lives_kept) lives_.erase(lives_.begin());
  lives_.push_back(std::move(baseline));
}

std::optional<Baseline> CounterTracker::take(std::uint64_t epoch) {
  const auto life = std::find_if(lives_.begin(), lives_.end(), [&](const Baseline& b) { return b.epoch == epoch; });
  if (life == lives_.end()) return {};
  Baseline taken = std::move(*life);
  lives_.erase(life);
  return taken;
}

}  // namespace trafficd
