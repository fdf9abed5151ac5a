#pragma once
// What counters with and without a name for their lives have in common.

#include "trafficd/counter.hpp"

namespace trafficd::detail {

/// Calls `use(counter's place among the counters, total)` for each counter field that is present.
template <class Use>
void each_total(const Sample& sample, const Use& use) {
  const std::vector<std::size_t>& counters = sample.series->measurement().counters();
  for (std::size_t place = 0; place < counters.size(); ++place) {
    if (counters[place] >= sample.values.size()) continue;
    const Value& value = sample.values[counters[place]];
    std::uint64_t total = total_of(value);
    // All bits set is what a device shows that is gone. Where lives have names nothing counts that far; without them
    // a counter passes by on its way to zero, and goes for the number before it, for a baseline says "unseen" by this.
    if (sample.epoch == 0 && value.is_unsigned() && total == Baseline::unseen) --total;
    if (total != Baseline::unseen) use(place, total);
  }
}

/// What passed from one total to another; over the end of 64 bits, to one below it. The last two numbers are one, and
/// it is the last: where nobody meets the other this is exact.
inline std::uint64_t passed(std::uint64_t before, std::uint64_t after) {
  const auto whole = [](std::uint64_t total) { return total + (total == Baseline::unseen - 1 ? 1 : 0); };
  return whole(after) - whole(before);
}

/// The same life: what stands above the marks counts, per field.
void count_growth(const Sample& sample, Baseline& life, Increase& increase);

}  // namespace trafficd::detail
