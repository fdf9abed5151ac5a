#include "engine/thinning.hpp"

#include <algorithm>
#include <unordered_map>

namespace trafficd {

namespace {

struct Life {
  SeriesPtr series;
  std::uint64_t epoch;
  bool operator==(const Life& other) const { return epoch == other.epoch && series->same_identity(*other.series); }
};
struct LifeHash {
  std::size_t operator()(const Life& life) const { return life.series->hash() ^ (life.epoch * 0x9e3779b97f4a7c15ULL); }
};

bool has_deltas(const Measurement& measurement) {
  return std::ranges::any_of(measurement.fields(), [](const FieldSpec& f) { return f.kind == Kind::delta; });
}

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

void add_deltas(const Sample& from, Sample& to) {
  const auto& fields = from.series->measurement().fields();
  for (std::size_t i = 0; i < fields.size() && i < from.values.size() && i < to.values.size(); ++i)
    if (fields[i].kind == Kind::delta) to.values[i] = sum(to.values[i], from.values[i]);
}

/// One pass from the newest to the oldest: of the first `reach` samples every second one of a life goes, never its
/// newest.
void halve(Batch& samples, std::size_t reach, Given& thinned) {
  struct Place {
    std::size_t newer;      // the next newer sample of this life that stays
    bool give_next = true;  // whether the next older one goes
  };
  std::unordered_map<Life, Place, LifeHash> lives;
  std::vector<bool> gone(samples.size());
  for (std::size_t i = samples.size(); i-- > 0;) {
    auto [place, newest] = lives.try_emplace(Life{samples[i].series, samples[i].epoch}, Place{i});
    if (newest) continue;
    Place& p = place->second;
    if (samples[i].mark_only) {
      // Without its mark a life would be counted from zero.
      p.newer = i;
    } else if (i < reach && p.give_next) {
      gone[i] = true;
      thinned.add(samples[i]);
      if (has_deltas(samples[i].series->measurement())) add_deltas(samples[i], samples[p.newer]);
    } else {
      p.newer = i;
    }
    p.give_next = i >= reach || !p.give_next;
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

void Given::add(const Sample& sample) {
  first = samples == 0 ? sample.time : std::min(first, sample.time);
  last = samples == 0 ? sample.time : std::max(last, sample.time);
  ++samples;
}

void thin(Batch& samples, std::size_t limit, Given& thinned, Given& lost) {
  halve(samples, samples.size() / 2, thinned);
  while (samples.size() > limit) {
    const std::size_t before = samples.size();
    halve(samples, samples.size(), thinned);
    if (samples.size() == before) break;
  }
  if (samples.size() <= limit) return;
  const auto excess = static_cast<std::ptrdiff_t>(samples.size() - limit);
  std::for_each(samples.begin(), samples.begin() + excess, [&](const Sample& s) { lost.add(s); });
  samples.erase(samples.begin(), samples.begin() + excess);
}

}  // namespace trafficd
