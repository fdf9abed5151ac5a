#pragma once
// One measurement made of the counters of another: which fields it has, and where they stand in the source.

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "trafficd/sample.hpp"

namespace trafficd::derived {

/// What becomes of one measurement.
struct Shape {
  struct Column {
    std::size_t field;    ///< in the source's values
    std::size_t counter;  ///< among its counters
  };
  MeasurementPtr source;
  MeasurementPtr made;  ///< nullptr when nothing is to be made of it
  std::vector<Column> columns;
};
using ShapePtr = std::shared_ptr<const Shape>;

/// The shapes of the measurements that came so far; bounded. One thread.
class Shapes {
 public:
  struct Plan {
    std::string suffix;                                        ///< behind the name of the source
    std::string help;                                          ///< before the name of the source
    std::vector<std::string> fields;                           ///< patterns of the counters that are wanted; empty: all
    std::function<FieldSpec(const FieldSpec& counter)> field;  ///< what is made of a counter, under its name
  };
  explicit Shapes(Plan plan) : plan_(std::move(plan)) {}

  ShapePtr of(const MeasurementPtr& source);

 private:
  ShapePtr make(const MeasurementPtr& source) const;

  const Plan plan_;
  std::unordered_map<std::string, ShapePtr> known_;
};

/// Calls `make(sample, batch)` for each sample of the batch, which may add what is derived of it, and answers whether
/// the sample was a source; sources are taken out when `drop` is set. At most one sample is added for each, so the
/// reference stays good.
template <class Make>
void derive(Batch& batch, bool drop, const Make& make) {
  const std::size_t count = batch.size();
  batch.reserve(2 * count);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (make(batch[i], batch) && drop) continue;
    if (kept != i) batch[kept] = std::move(batch[i]);
    ++kept;
  }
  batch.erase(batch.begin() + static_cast<std::ptrdiff_t>(kept), batch.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace trafficd::derived
