#pragma once
// What a full queue gives up, in memory and on disk: detail first, totals last.

#include <span>
#include <vector>

#include "trafficd/sample.hpp"

namespace trafficd {

/// How many samples were given up, and their range of stamps.
struct Given {
  std::size_t samples = 0;
  Timestamp first, last;
  void add(const Sample& sample);
  void add(const Given& other);
};
Given given(std::span<const Sample> samples);

/// One life of one series: what a total belongs to.
struct Life {
  SeriesPtr series;
  std::uint64_t epoch = 0;
  explicit Life(const Sample& sample) : series(sample.series), epoch(sample.epoch) {}
  bool operator==(const Life& other) const { return epoch == other.epoch && series->same_identity(*other.series); }
};
struct LifeHash {
  std::size_t operator()(const Life& life) const { return life.series->hash() ^ (life.epoch * 0x9e3779b97f4a7c15ULL); }
};

/// For each of the samples, which come oldest first, its neighbours of the same life; `none` where there are no more.
struct Lives {
  static constexpr std::size_t none = ~std::size_t{0};
  explicit Lives(const Batch& samples);
  std::vector<std::size_t> older, newer;
  std::vector<std::size_t> life;  ///< the number of its life
  std::size_t count = 0;          ///< of lives
};

/// Whether the sample stands beside one where a counter fell. Where a source cannot tell its lives, these tell that the
/// counter wrapped or began anew: the last two before and the first two behind it, by which a holder judges.
bool beside_fall(const Batch& samples, const Lives& lives, std::size_t i);
bool has_deltas(const Measurement& measurement);
/// Adds the deltas of a sample that goes to the next of its series.
void add_deltas(const Sample& from, Sample& to);

/// Makes `samples` (oldest first) no more than `wanted` where that costs only detail; the older half goes first, of
/// each life every second sample. The totals stay: the newest sample of each life does, and its oldest, which may be
/// the one that sets the mark at the receiver; those beside a fall, where the source cannot tell its lives; the first
/// after a long pause, because what grew since belongs behind the pause. Deltas are added to the next sample of the
/// series. `thinned` counts what went. Where more than `limit` would be left, only the newest of each life stays, and
/// the marks; when there are more of these than `limit`, the oldest samples are lost altogether, counted in `lost`.
void thin(Batch& samples, std::size_t wanted, std::size_t limit, Given& thinned, Given& lost);

}  // namespace trafficd
