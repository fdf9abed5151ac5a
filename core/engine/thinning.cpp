#include "engine/thinning.hpp"

#include <algorithm>
#include <unordered_map>

#include "trafficd/counter.hpp"

namespace trafficd {

namespace {

// So many times longer than the time to the next sample is a long pause.
constexpr int long_pause = 10;

Value sum(const Value& a, const Value& b) {
  if (a.absent()) return b;
  if (b.absent()) return a;
  if (a.is_unsigned() && b.is_unsigned()) return a.as_unsigned() + b.as_unsigned();
  if (a.type() == Value::Type::real || b.type() == Value::Type::real) return a.as_real() + b.as_real();
  const auto number = [](const Value& v) {
    return v.is_unsigned() ? static_cast<std::int64_t>(v.as_unsigned()) : v.as_signed();
  };
  return number(a) + number(b);
}

/// Whether a counter is lower in `newer`.
bool falls(const Sample& older, const Sample& newer) {
  const auto& fields = newer.series->measurement().fields();
  const std::size_t count = std::min({fields.size(), older.values.size(), newer.values.size()});
  for (std::size_t i = 0; i < count; ++i)
    if (fields[i].kind == Kind::counter) {
      const std::uint64_t before = total_of(older.values[i]), after = total_of(newer.values[i]);
      if (before != Baseline::unseen && after < before) return true;
    }
  return false;
}

/// What is known of a life on the way from its newest sample to its oldest.
struct Passed {
  std::size_t newer = Lives::none;  // the last one that stays
  bool give_next = false;           // whether the next one goes
};

/// Whether the sample says what no other one does; `newer` is the next one of its life that stays.
bool is_edge(const Batch& samples, const Lives& lives, std::size_t i, std::size_t newer) {
  const std::size_t older = lives.older[i];
  if (older == Lives::none || (samples[i].epoch == 0 && beside_fall(samples, lives, i))) return true;
  return std::chrono::abs(samples[i].time - samples[older].time) >
         long_pause * std::chrono::abs(samples[newer].time - samples[i].time);
}

/// One pass from the newest to the oldest: of the first `reach` samples every second one of a life goes.
void halve(Batch& samples, std::size_t reach, bool keep_edges, Given& thinned) {
  const Lives lives(samples);
  std::vector<Passed> passed(lives.count);
  std::vector<bool> gone(samples.size());
  for (std::size_t i = samples.size(); i-- > 0;) {
    Passed& life = passed[lives.life[i]];
    Sample& sample = samples[i];
    // Without its mark a life would be counted from zero.
    const bool goes = life.newer != Lives::none && i < reach && life.give_next && !sample.mark_only &&
                      !(keep_edges && is_edge(samples, lives, i, life.newer));
    life.give_next = !goes;
    if (!goes) {
      life.newer = i;
      continue;
    }
    gone[i] = true;
    thinned.add(sample);
    samples[life.newer].born = samples[life.newer].born || sample.born;
    // A mark that repeats what went before it, for a clock that was set, must not swallow that.
    samples[life.newer].mark_only = false;
    if (has_deltas(sample.series->measurement())) add_deltas(sample, samples[life.newer]);
  }
  std::size_t to = 0;
  for (std::size_t i = 0; i < samples.size(); ++i)
    if (!gone[i]) {
      if (to != i) samples[to] = std::move(samples[i]);
      ++to;
    }
  samples.resize(to);
}

}  // namespace

Lives::Lives(const Batch& samples) : older(samples.size(), none), newer(samples.size(), none), life(samples.size()) {
  struct Place {
    std::size_t life, newest;
  };
  std::unordered_map<Life, Place, LifeHash> known;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto [place, first] = known.try_emplace(Life(samples[i]), Place{known.size(), i});
    if (!first) {
      older[i] = place->second.newest;
      newer[older[i]] = i;
    }
    life[i] = place->second.life;
    place->second.newest = i;
  }
  count = known.size();
}

bool beside_fall(const Batch& samples, const Lives& lives, std::size_t i) {
  const std::size_t older = lives.older[i], newer = lives.newer[i];
  const auto fell_behind = [&](std::size_t at) {
    return at != Lives::none && lives.newer[at] != Lives::none && falls(samples[at], samples[lives.newer[at]]);
  };
  return fell_behind(i) || fell_behind(older) || fell_behind(newer) ||
         (older != Lives::none && fell_behind(lives.older[older]));
}

bool has_deltas(const Measurement& measurement) {
  return std::ranges::any_of(measurement.fields(), [](const FieldSpec& f) { return f.kind == Kind::delta; });
}

void add_deltas(const Sample& from, Sample& to) {
  const auto& fields = from.series->measurement().fields();
  for (std::size_t i = 0; i < fields.size() && i < from.values.size() && i < to.values.size(); ++i)
    if (fields[i].kind == Kind::delta) to.values[i] = sum(to.values[i], from.values[i]);
}

void Given::add(const Sample& sample) { add(Given{1, sample.time, sample.time}); }

void Given::add(const Given& other) {
  if (other.samples == 0) return;
  first = samples == 0 ? other.first : std::min(first, other.first);
  last = samples == 0 ? other.last : std::max(last, other.last);
  samples += other.samples;
}

Given given(std::span<const Sample> samples) {
  Given all;
  for (const Sample& sample : samples) all.add(sample);
  return all;
}

void thin(Batch& samples, std::size_t wanted, std::size_t limit, Given& thinned, Given& lost) {
  halve(samples, samples.size() / 2, true, thinned);
  for (const bool keep_edges : {true, false})
    for (std::size_t before = 0; samples.size() > (keep_edges ? wanted : limit) && samples.size() != before;) {
      before = samples.size();
      halve(samples, before, keep_edges, thinned);
    }
  if (samples.size() <= limit) return;
  const auto excess = static_cast<std::ptrdiff_t>(samples.size() - limit);
  std::for_each(samples.begin(), samples.begin() + excess, [&](const Sample& s) { lost.add(s); });
  samples.erase(samples.begin(), samples.begin() + excess);
}

}  // namespace trafficd
