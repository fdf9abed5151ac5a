#pragma once
// Refuses what would reach one output twice, counted by two stages that do not know of each other.

#include "engine/catalog.hpp"
#include "engine/settings.hpp"

namespace trafficd {

/// Two stages that make the same counters of one input, as `total` does, begin each at a time of its own: who gets both
/// takes them for two lives of one thing and adds them, or sees the total fall. Gauges of two pipelines are the same
/// numbers, and counters that only pass through keep their life: they may come twice.
void refuse_counted_twice(Catalog& catalog, const Settings& settings, Problems& problems);

/// Whether some text fits both patterns; a `?` or a set is taken for anything.
bool patterns_meet(std::string_view a, std::string_view b);

}  // namespace trafficd
