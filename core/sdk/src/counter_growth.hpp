#pragma once
// What counters with and without a name for their lives have in common.

#include "trafficd/counter.hpp"

namespace trafficd::detail {

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

/// The same life: what stands above the marks counts, per field.
void count_growth(const Sample& sample, Baseline& life, Increase& increase);

}  // namespace trafficd::detail
