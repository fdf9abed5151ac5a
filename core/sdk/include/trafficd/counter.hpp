#pragma once
// From totals to increases: what each new sample of a counter adds. The one place that knows wrap, restart, resend and
// wrong readings; rate, history and quota all stand on it.

#include <cstdint>
#include <optional>
#include <string>
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

/// A step of a life without a name that was no plain growth: believed when the next reading bears it out.
struct Held {
  Timestamp begun = Timestamp::min();  ///< of the latest step that was believed: what is older is of an earlier life
  Timestamp time;                      ///< of the step that waits
  Timestamp seen;                      ///< when the same was read last
  std::vector<std::uint64_t> totals;   ///< what was read then; empty when none waits
  friend bool operator==(const Held&, const Held&) = default;
};

/// A step that is not for us to judge: neither added nor dropped but set aside, for a person to decide.
struct Doubt {
  std::string id;           ///< the same whenever the same step comes again
  std::size_t counter = 0;  ///< whose step, among the counter fields
  Timestamp time;           ///< when it was seen
  std::uint64_t before = 0, after = 0;
  std::uint64_t amount = 0;  ///< what it would bring
  std::uint64_t most = 0;    ///< by the other reading, where there are two; else the same
  std::string_view reason;   ///< in words
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
    held,       ///< no plain growth, where nobody names the lives: the next reading decides
    doubtful,   ///< could not be judged: see `doubts`; what surely grew counts
  };
  Reason reason = Reason::first;
  /// The amounts belong to the time from here to the sample's: since the baseline was read, and nothing at all where a
  /// life began, for nobody knows since when it is there.
  Timestamp from;
  Timestamp since;                     ///< when the series was read last: the same, but where a life began
  std::vector<std::uint64_t> amounts;  ///< one per counter field, in field order; zero where nothing is added
  std::vector<Doubt> doubts;
};

std::string_view to_string(Increase::Reason reason);

/// A name for a step that is always the same.
std::string doubt_id(const Sample& sample, std::string_view field, std::uint64_t before, std::uint64_t after);

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
/// decide, and whatever is no plain growth waits for the next reading: one wrong reading counts nothing. One thread.
class CounterTracker {
 public:
  static constexpr std::size_t lives_kept = 16;

  /// The increase that `sample` brings; the baseline moves with it. Fields that are not counters are passed over.
  Increase step(const Sample& sample);
  /// The same into an Increase that is used again: nothing is allocated once its buffers have grown.
  void step(const Sample& sample, Increase& increase);

  const std::vector<Baseline>& baselines() const { return lives_; }  ///< the one used last at the end
  const std::optional<Held>& held() const { return held_; }          ///< of the life without a name
  /// Puts a stored baseline back; call in the order of `baselines()`.
  void restore(Baseline baseline);
  void restore(Held held) { held_ = std::move(held); }
  /// Takes a life out: it goes on under another name.
  std::optional<Baseline> take(std::uint64_t epoch);
  /// The series was counted before, though no life of it is left here: the next one counts from zero.
  void set_known() { known_ = true; }

  /// All that must be kept, of so many of the lives used last, for holders without tables of their own.
  std::string to_bytes(std::size_t lives = lives_kept) const;
  /// False, and nothing changed, when these are not the bytes of a tracker of so many counters.
  bool from_bytes(std::string_view bytes, std::size_t counters);

 private:
  bool begin(const Sample& sample, Baseline& life, Increase& increase) const;
  void step_unnamed(const Sample& sample, Baseline& life, Increase& increase);
  void step_back(const Sample& sample, Baseline& life, Increase& increase);
  bool waits() const { return held_ && !held_->totals.empty(); }
  void hold(const Sample& sample, Increase& increase);
  void drop_held();
  std::vector<Baseline> lives_;
  std::optional<Held> held_;
  bool known_ = false;
};

/// Whether any total of the sample stands below the life's mark.
bool stands_below(const Sample& sample, const Baseline& life);

}  // namespace trafficd
