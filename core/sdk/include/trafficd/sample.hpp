#pragma once
// One observation: a series handle, a time, and one value per declared field.

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "trafficd/series.hpp"
#include "trafficd/status.hpp"

namespace trafficd {

/// Absent, unsigned, signed or floating point; 16 bytes. Text is never a value: what names something is a tag.
class Value {
 public:
  enum class Type : std::uint8_t { absent, unsigned_integer, signed_integer, real };

  Value() = default;
  template <class T>
  requires std::is_arithmetic_v<T> Value(T number) {
    if constexpr (std::is_floating_point_v<T>) {
      type_ = Type::real;
      real_ = number;
    } else if constexpr (std::is_signed_v<T>) {
      type_ = number < 0 ? Type::signed_integer : Type::unsigned_integer;
      if (number < 0)
        signed_ = number;
      else
        unsigned_ = static_cast<std::uint64_t>(number);
    } else {
      type_ = Type::unsigned_integer;
      unsigned_ = number;
    }
  }

  Type type() const { return type_; }
  bool absent() const { return type_ == Type::absent; }
  bool is_unsigned() const { return type_ == Type::unsigned_integer; }
  std::uint64_t as_unsigned() const { return is_unsigned() ? unsigned_ : 0; }
  std::int64_t as_signed() const { return type_ == Type::signed_integer ? signed_ : 0; }
  double as_real() const {
    switch (type_) {
      case Type::unsigned_integer: return static_cast<double>(unsigned_);
      case Type::signed_integer: return static_cast<double>(signed_);
      case Type::real: return real_;
      case Type::absent: break;
    }
    return 0;
  }
  friend bool operator==(const Value& a, const Value& b) {
    if (a.type_ != b.type_) return false;
    return a.type_ == Type::real ? a.real_ == b.real_ : a.unsigned_ == b.unsigned_;
  }

 private:
  union {
    std::uint64_t unsigned_ = 0;
    std::int64_t signed_;
    double real_;
  };
  Type type_ = Type::absent;
};

struct Sample {
  SeriesPtr series;
  Timestamp time;  ///< UTC
  /// Which life of the counters this is. A new one, and only that, says "restarted". It comes from durable facts,
  /// never from a clock, and no two series of a measurement share one. 0: the source cannot tell.
  std::uint64_t epoch = 0;
  /// This life began under the input's eyes, so all of its total belongs to the time since: a holder that does not
  /// know the series counts from zero. Otherwise its first sample only sets the baseline.
  bool born = false;
  /// This sample only sets the mark of its life, even where the series is known: what the counters carried before was
  /// not this series' traffic. Where the life is known it counts like any other.
  bool mark_only = false;
  std::vector<Value> values;  ///< one per field of the measurement
};

using Batch = std::vector<Sample>;

/// A hash of the given parts, never 0: for building an epoch out of a boot id, an index, a name.
std::uint64_t make_epoch(std::initializer_list<std::string_view> parts);
/// A random epoch, for a life that begins here and now (a table row, this process). Any thread.
std::uint64_t new_epoch();

}  // namespace trafficd
