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
    doubtful,   ///< neither a believable wrap nor a believable restart: what fell is set aside, neither added nor
                ///< dropped
  };
  Reason reason = Reason::first;
  Timestamp from;  ///< when the baseline was read; equals the sample's time for `first` and lives that were born under
                   ///< our eyes
  std::vector<std::uint64_t> amounts;  ///< one per counter field, in field order; zero where nothing is added
};

std::string_view to_string(Increase::Reason reason);

/// The total that a counter's value stands for, in whole units; `Baseline::unseen` when it is absent or no count at
/// all.
inline std::uint64_t total_of(const Value& value) {
  if (value.is_unsigned()) return value.as_unsigned();
  if (value.type() != Value::Type::real || !(value.as_real() >= 0 && value.as_real() < 0x1p63)) return Baseline::unseen;
  return static_cast<std::uint64_t>(value.as_real());
}

/// Keeps the baselines of one series: the lives used last, so that late samples of an older one find their mark.
/// Rules (docs/contract.md, "Totals"): above the high-water mark of the same epoch the difference counts; a lower or
/// older value adds nothing; a new epoch counts from zero, or only sets the baseline when the series was never seen
/// and is not `born`, or when the sample is `mark_only`. With epoch 0 (the source cannot tell) width and plausible rate
/// decide. One thread.
class CounterTracker {
 public:
  static constexpr std::size_t lives_kept = 16;

  /// The increase that `sample` brings; the baseline moves with it. Fields that are not counters are passed over.
  Increase step(const Sample& sample);
  /// The same into an Increase that is used again: nothing is allocated once its buffers have grown.
  void step(const Sample& sample, Increase& increase);

  const std::vector<Baseline>& baselines() const { return lives_; }  ///< the one used last at the end
  /// Puts a stored baseline back; call in the order of `baselines()`.
  void restore(Baseline baseline);
  /// The series was counted before, though no life of it is left here: the next one counts from zero.
  void set_known() { known_ = true; }

 private:
  bool begin(const Sample& sample, Baseline& life, Increase& increase) const;
  std::vector<Baseline> lives_;
  bool known_ = false;
};

/// How many counter fields the measurement has, and where.
std::vector<std::size_t> counter_fields(const Measurement& measurement);

}  // namespace trafficd
