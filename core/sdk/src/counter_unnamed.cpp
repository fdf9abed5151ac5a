// Counters whose source cannot tell its lives: what a fall or a leap means is decided from width and plausible rate,
// and only once the next reading bears it out. So a single wrong reading, which no rule can tell from a restart at
// once, counts nothing.

#include <algorithm>
#include <cmath>

#include "counter_growth.hpp"

namespace trafficd {

using detail::count_growth;
using detail::each_total;
using detail::passed;

namespace {

// Samples come late by way of another pipeline, minutes at most; a stamp that is older by more was made by a clock
// that has been put back.
constexpr double latest = 24 * 3600;
// Where no rate is known: a terabit a second, in bytes, is no believable growth of anything.
constexpr double unknown_rate = 0x1p37;

// In floating point: stamps that came over the network may be further apart than a Duration can tell.
double seconds_between(Timestamp from, Timestamp to) {
  return (static_cast<double>(to.time_since_epoch().count()) - static_cast<double>(from.time_since_epoch().count())) /
         1e9;
}

/// The most that can have passed in that time. A second at least: counters are brought up to date in steps.
double most_between(const Series& series, Timestamp from, Timestamp to) {
  const auto rate = static_cast<double>(series.traits().max_rate);
  return (rate > 0 ? rate : unknown_rate) * std::max(seconds_between(from, to), 1.0);
}

bool narrow(const CounterTraits& traits) { return traits.width < 64; }
std::uint64_t range(const CounterTraits& traits) { return std::uint64_t{1} << traits.width; }

/// What a counter carries until it stands where it stood; of 64 bits the most that can be said.
std::uint64_t one_turn(const CounterTraits& traits) { return narrow(traits) ? range(traits) : Baseline::unseen; }
/// What a counter that fell carried if it ran over its width.
std::uint64_t wrapped_by(const CounterTraits& traits, std::uint64_t before, std::uint64_t after) {
  return narrow(traits) ? range(traits) - before + after : passed(before, after);
}

/// Whether the sample can be what the counters with these marks came to by plain growth.
bool continues(const std::vector<std::uint64_t>& marks, Timestamp time, const Sample& sample) {
  const double most = most_between(*sample.series, time, sample.time);
  bool all = true;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    if (marks[i] == Baseline::unseen) return;
    all = all && total >= marks[i] && static_cast<double>(total - marks[i]) <= most;
  });
  return all;
}

bool stands_above(const Sample& sample, const Baseline& life) {
  bool above = false;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    above = above || (life.totals[i] != Baseline::unseen && total > life.totals[i]);
  });
  return above;
}

bool same(const Sample& sample, const Held& held) {
  bool all = true;
  each_total(sample, [&](std::size_t i, std::uint64_t total) { all = all && total == held.totals[i]; });
  return all;
}

std::vector<std::uint64_t> totals_of(const Sample& sample) {
  std::vector<std::uint64_t> totals(sample.series->measurement().counters().size(), Baseline::unseen);
  each_total(sample, [&](std::size_t i, std::uint64_t total) { totals[i] = total; });
  return totals;
}

struct Judgement {
  Increase::Reason reason = Increase::Reason::doubtful;
  std::string_view why{};
};

/// A restart meets a counter anywhere: that it stood so near its end, and was read so soon again, happens by chance to
/// one in 64.
bool over_the_top(const CounterTraits& traits, std::uint64_t before, std::uint64_t after) {
  return static_cast<double>(wrapped_by(traits, before, after)) <= std::ldexp(1.0, traits.width) / 64;
}

/// What the steps of all fields together can be.
struct Evidence {
  bool fell = false, grew = false;
  bool wrap = true, restart = true;  ///< what is believable
  bool at_the_top = true;            ///< what fell was so near its end that a restart would be a rare chance
  std::uint64_t largest = 0, largest_after = 0;  ///< the counter that says most

  Evidence(const Series& series, const Baseline& life, const std::vector<std::uint64_t>& totals, Timestamp time) {
    const CounterTraits& traits = series.traits();
    const double most = most_between(series, life.time, time);
    for (std::size_t i = 0; i < life.totals.size(); ++i) {
      const std::uint64_t before = life.totals[i], after = totals[i];
      if (before == Baseline::unseen || after == Baseline::unseen) continue;
      const bool falls = after < before;
      const auto step = static_cast<double>(falls ? wrapped_by(traits, before, after) : after - before);
      fell = fell || falls;
      grew = grew || after > before;
      if (step > most || (narrow(traits) && before >= range(traits))) wrap = false;
      if (falls && !over_the_top(traits, before, after)) at_the_top = false;
      if (static_cast<double>(after) > most) restart = false;
      if (before < largest) continue;
      largest = before;
      largest_after = after;
    }
    // One that can run over more than once meanwhile is found anywhere afterwards.
    at_the_top = at_the_top && most < std::ldexp(1.0, traits.width);
  }
};

constexpr std::string_view either = "fell, and both a wrap and a restart are believable";

/// All of it wrapped, or all of it began anew; when both are believable alike, or none is, it is not for us to say.
Judgement judge(const Series& series, const Baseline& life, const Held& held) {
  using Reason = Increase::Reason;
  const Evidence evidence(series, life, held.totals, held.time);
  if (!evidence.fell) return {.why = "grew by more than can have passed in that time"};
  if (series.traits().max_rate == 0) {
    if (narrow(series.traits()) || evidence.wrap)
      return {.why = "fell, and without a known rate a wrap looks like a restart"};
    if (evidence.grew) return {.why = "fell while another counter went on, so it did not restart"};
  }
  if (evidence.wrap && evidence.restart && !evidence.at_the_top) return {.why = either};
  if (evidence.wrap) return {.reason = Reason::wrapped};
  if (!evidence.restart) return {.why = "fell to more than can have passed in that time"};
  if (evidence.largest_after > evidence.largest / 2) return {.why = "fell by less than half: set back, or restarted"};
  return {.reason = Reason::restarted};
}

/// What one field's step would bring, by whichever reading.
struct Amounts {
  std::uint64_t least, most;
};

/// A counter of 64 bits wraps only at its end, or any fall of it would have a second reading.
Amounts readings(const CounterTraits& traits, std::uint64_t before, std::uint64_t after) {
  if (after >= before) return {passed(before, after), passed(before, after)};
  if (narrow(traits) ? before >= range(traits) : !over_the_top(traits, before, after)) return {after, after};
  const std::uint64_t wrapped = wrapped_by(traits, before, after);
  return {std::min(after, wrapped), std::max(after, wrapped)};
}

void set_aside(const Sample& sample, Increase& increase, Doubt doubt) {
  const Measurement& measurement = sample.series->measurement();
  const std::string& field = measurement.fields()[measurement.counters()[doubt.counter]].name;
  doubt.id = doubt_id(sample, field, doubt.before, doubt.after);
  increase.doubts.push_back(std::move(doubt));
}

/// What surely grew counts, the rest is set aside, and the marks go on from what was read.
void set_step_aside(const Sample& sample, Baseline& life, const Held& held, std::string_view why, Increase& increase) {
  const double most = most_between(*sample.series, life.time, held.time);
  for (std::size_t i = 0; i < life.totals.size(); ++i) {
    std::uint64_t& mark = life.totals[i];
    const std::uint64_t after = held.totals[i];
    if (after == Baseline::unseen) continue;
    const std::uint64_t before = std::exchange(mark, after);
    if (before == Baseline::unseen) continue;
    if (after >= before && static_cast<double>(after - before) <= most) {
      increase.amounts[i] = passed(before, after);
      continue;
    }
    const Amounts brings = readings(sample.series->traits(), before, after);
    set_aside(sample, increase, {{}, i, held.time, before, after, brings.least, brings.most, why});
  }
}

/// The sample bears the held step out: that is judged and counted, and what grew since.
void decide(const Sample& sample, Baseline& life, Held& held, Increase& increase) {
  // A field that the step lacked is judged by the reading that bears it out.
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    if (held.totals[i] == Baseline::unseen) held.totals[i] = total;
  });
  const CounterTraits& traits = sample.series->traits();
  auto [reason, why] = judge(*sample.series, life, held);
  // The held reading may have been a wrong one, just when the counters wrapped: then it is no step of theirs.
  if (!Evidence(*sample.series, life, held.totals, held.time).wrap &&
      Evidence(*sample.series, life, totals_of(sample), sample.time).wrap) {
    reason = Increase::Reason::doubtful;
    why = either;
    held = {held.begun, sample.time, sample.time, totals_of(sample)};
  }
  increase.reason = reason;
  increase.since = life.time;
  // After a step at which the counters stood still for a while the growth is not laid over that while.
  increase.from = reason == Increase::Reason::restarted || held.seen > held.time ? held.seen : life.time;
  if (reason == Increase::Reason::doubtful) set_step_aside(sample, life, held, why, increase);
  for (std::size_t i = 0; i < life.totals.size() && reason != Increase::Reason::doubtful; ++i) {
    std::uint64_t& mark = life.totals[i];
    const std::uint64_t after = held.totals[i];
    const bool counted = after != Baseline::unseen;
    if (reason == Increase::Reason::restarted)
      increase.amounts[i] = counted ? after : 0;
    else if (counted && mark != Baseline::unseen)
      increase.amounts[i] = after < mark ? wrapped_by(traits, mark, after) : passed(mark, after);
    if (counted || reason == Increase::Reason::restarted) mark = counted ? after : 0;
  }
  life.time = sample.time;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    increase.amounts[i] += passed(life.totals[i], total);
    life.totals[i] = total;
  });
  held.begun = held.time;
  held.totals.clear();
}

constexpr std::string_view came_back =
    "came back to its old total: one wrong reading between, or more was carried in that time";

/// The counters are back where they were: the held reading was wrong, or else they grew fast after a restart.
void set_other_reading_aside(const Sample& sample, const Baseline& life, const Held& held, Increase& increase) {
  const CounterTraits& traits = sample.series->traits();
  const Increase::Reason reason = judge(*sample.series, life, held).reason;
  each_total(sample, [&](std::size_t i, std::uint64_t total) {
    const std::uint64_t mark = life.totals[i], between = held.totals[i];
    if (mark == Baseline::unseen || between >= mark) return;
    const std::uint64_t more = reason == Increase::Reason::restarted ? mark
                               : reason == Increase::Reason::wrapped ? one_turn(traits)
                                                                     : mark - between;
    set_aside(sample, increase, {{}, i, sample.time, between, total, more, more, came_back});
  });
}

/// Neither the counters of before nor those of the held reading go on: that one was wrong, or a life of one reading.
void set_reading_aside(const Sample& sample, const Baseline& life, const Held& held, Increase& increase) {
  increase.reason = Increase::Reason::doubtful;
  for (std::size_t i = 0; i < life.totals.size(); ++i) {
    const std::uint64_t before = life.totals[i], after = held.totals[i];
    if (before == Baseline::unseen || after == Baseline::unseen || before == after) continue;
    const Amounts brings = readings(sample.series->traits(), before, after);
    set_aside(
        sample, increase,
        {{}, i, held.time, before, after, brings.least, brings.most, "one reading that the next did not bear out"});
  }
}

}  // namespace

void CounterTracker::hold(const Sample& sample, Increase& increase) {
  const Timestamp begun = held_ ? held_->begun : Timestamp::min();
  held_ = Held{begun, sample.time, sample.time, totals_of(sample)};
  if (increase.reason != Increase::Reason::doubtful) increase.reason = Increase::Reason::held;
}

void CounterTracker::drop_held() {
  held_->totals.clear();
  if (held_->begun == Timestamp::min()) held_.reset();
}

/// A sample that is not newer than the mark: a late one, or the clock was put back. The latter is believed when the
/// next sample goes on from it.
void CounterTracker::step_back(const Sample& sample, Baseline& life, Increase& increase) {
  const bool lower = stands_below(sample, life), higher = stands_above(sample, life);
  const bool late = seconds_between(sample.time, life.time) <= latest;
  // A late one that the counters had passed shows that a higher one beside it was wrong then, and is sent again.
  if (!higher && late && waits() && held_->time <= life.time) drop_held();
  if (!lower && !higher) return;
  if (late) {
    const bool earlier_life = held_ && sample.time <= held_->begun;
    const bool another_waits = waits() && held_->time > life.time;
    if (lower || earlier_life || another_waits) return;
  }
  // The same wrong reading twice bears nothing out: growth does.
  const bool goes_on = waits() && held_->time <= life.time && sample.time > held_->time && !same(sample, *held_) &&
                       continues(held_->totals, held_->seen, sample);
  if (!goes_on) return hold(sample, increase);
  life.time = held_->time;
  if (lower) return decide(sample, life, *held_, increase);
  drop_held();
  count_growth(sample, life, increase);
}

void CounterTracker::step_unnamed(const Sample& sample, Baseline& life, Increase& increase) {
  increase.reason = Increase::Reason::repeated;
  increase.from = increase.since = std::min(life.time, sample.time);
  if (waits()) held_->totals.resize(life.totals.size(), Baseline::unseen);
  // Readings that came together have one stamp: as long as they go on from each other, they are growth.
  const bool together = sample.time == life.time && !waits() && continues(life.totals, life.time, sample);
  if (together) return count_growth(sample, life, increase);
  if (sample.time <= life.time) return step_back(sample, life, increase);
  // What was stamped by a clock that was wrong then, far ahead or put back for one reading, bears nothing out.
  if (held_ && seconds_between(sample.time, held_->begun) > latest) held_->begun = Timestamp::min();
  if (waits() && (held_->time <= life.time || seconds_between(sample.time, held_->time) > latest)) drop_held();

  const bool late = waits() && sample.time <= held_->time;
  if (continues(life.totals, life.time, sample)) {
    if (waits() && !late) {
      if (!same(sample, *held_) && continues(held_->totals, held_->seen, sample))
        set_other_reading_aside(sample, life, *held_, increase);
      drop_held();
    }
    return count_growth(sample, life, increase);
  }
  if (late) return;
  if (!waits()) return hold(sample, increase);
  if (same(sample, *held_)) {
    held_->seen = sample.time;
    increase.reason = Increase::Reason::held;
    return;
  }
  if (continues(held_->totals, held_->seen, sample)) return decide(sample, life, *held_, increase);
  set_reading_aside(sample, life, *held_, increase);
  hold(sample, increase);
}

}  // namespace trafficd
