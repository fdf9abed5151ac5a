#pragma once
// From totals to increases: what each new sample of a counter adds. The one place that knows wrap, restart and
// resend; rate, history and quota all stand on it.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "trafficd/sample.hpp"

namespace trafficd {

/// The last reading of one life of one series: what must be kept so that nothing is lost or counted twice.
struct Baseline {
  /// In place of a total: the field was absent so far, so its first value only sets the mark.
  static constexpr std::uint64_t unseen = ~std::uint64_t{0};
  std::uint64_t epoch = 0;
  Timestamp time;
  std::vector<std::uint64_t> totals;  ///< the high-water mark per counter field, in field order
};

/// What one sample adds to what was known.
struct Increase {
  enum class Reason : std::uint8_t {
    first,      ///< never seen: only the baseline is set
    born,       ///< a life that began under the input's eyes: all of it counts
    grown,      ///< the same life went on
    restarted,  ///< a new life of a known series: counts from zero
    wrapped,    ///< the counter ran over its width
    repeated,   ///< not above the high-water mark: adds nothing
    doubtful,   ///< neither a believable wrap nor a believable restart: set aside, neither added nor dropped
  };
  Reason reason = Reason::first;
  Timestamp from;  ///< when the baseline was read; equals the sample's time for `first` and lives that were born under
                   ///< our eyes
  std::vector<std::uint64_t> amounts;  ///< one per counter field, in field order; zero where nothing is added
};

std::string_view to_string(Increase::Reason reason);

/// Keeps the baselines of one series: the newest few lives, so that late samples of an older one find their mark.
/// Rules (docs/contract.md, "Totals"): above the high-water mark of the same epoch the difference counts; a lower or
/// older value adds nothing; a new epoch counts from zero, or only sets the baseline when the series was never seen
/// and is not `born`. With epoch 0 (the source cannot tell) width and plausible rate decide. One thread.
class CounterTracker {
 public:
  static constexpr std::size_t lives_kept = 4;

  /// The increase that `sample` brings; the baseline moves with it. Fields that are not counters are passed over.
  Increase step(const Sample& sample);
  /// The same into an Increase that is used again: nothing is allocated once its buffers have grown.
  void step(const Sample& sample, Increase& increase);

  const std::vector<Baseline>& baselines() const { return lives_; }  ///< oldest life first
  /// Puts a stored baseline back; call in the order of `baselines()`.
  void restore(Baseline baseline);

 private:
  std::vector<Baseline> lives_;
};

/// How many counter fields the measurement has, and where.
std::vector<std::size_t> counter_fields(const Measurement& measurement);

}  // namespace trafficd
