#pragma once
// Properties over generated cases: many seeded cases, and of one that fails the smallest form that still does.

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"

namespace trafficd::testing {

using Random = std::mt19937_64;

/// From `least` to `most`, both included.
inline std::uint64_t between(Random& random, std::uint64_t least, std::uint64_t most) {
  return std::uniform_int_distribution<std::uint64_t>(least, most)(random);
}
/// True once in `times`.
inline bool once_in(Random& random, std::uint64_t times) { return between(random, 1, times) == 1; }

/// TRAFFICD_SEED=<number> chooses another row of cases.
inline std::uint64_t seed() {
  const char* given = std::getenv("TRAFFICD_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

/// Leaves out parts, large ones first, as long as what remains still fails.
template <class Item, class Fault>
std::vector<Item> shrunk(std::vector<Item> items, const Fault& fault) {
  for (std::size_t size = (items.size() + 1) / 2; size > 0; size /= 2)
    for (std::size_t from = 0; from < items.size();) {
      std::vector<Item> fewer = items;
      const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(from);
      fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(size, items.size() - from)));
      if (!fewer.empty() && !fault(fewer).empty())
        items = std::move(fewer);
      else
        from += size;
    }
  return items;
}

/// Makes `cases` cases and fails with the first that has a fault.
template <class Make, class Fault, class Print>
void for_all(std::uint64_t cases, const Make& make, const Fault& fault, const Print& print) {
  for (std::uint64_t i = 0; i < cases; ++i) {
    std::seed_seq mixed{seed(), i};
    Random random(mixed);
    const auto items = make(random);
    if (fault(items).empty()) continue;
    const auto least = shrunk(items, fault);
    FAIL("TRAFFICD_SEED=" << seed() << ", case " << i << ": " << fault(least) << "\n" << print(least));
  }
  SUCCEED();
}

}  // namespace trafficd::testing
