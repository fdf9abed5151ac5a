#pragma once
// What a full queue gives up: detail first, totals last.

#include <vector>

#include "trafficd/sample.hpp"

namespace trafficd {

/// How many samples were given up, and their range of stamps.
struct Given {
  std::size_t samples = 0;
  Timestamp first, last;
  void add(const Sample& sample);
};

/// Makes `samples` (oldest first) smaller than `limit`. Of each series and epoch the newest sample stays, so that
/// totals survive; of the others every second one goes, the older half of the queue first; the deltas of one that goes
/// are added to the next of its series. `thinned` counts these. Only when there are more series and epochs than
/// `limit`, the oldest are lost altogether, counted in `lost`.
void thin(Batch& samples, std::size_t limit, Given& thinned, Given& lost);

}  // namespace trafficd
