#pragma once
// From lines of text back to samples, with the measurements that were declared. What nobody declares any more is
// rebuilt from the lines, so that a change of the configuration costs nothing that waits on disk.

#include <map>
#include <string>
#include <string_view>

#include "trafficd/text.hpp"

namespace trafficd::spool {

/// One thread.
class LineReader {
 public:
  /// A measurement by its full declaration; the first of a name stays.
  void learn(const MeasurementPtr& measurement);

  /// Appends the samples of the lines; answers how many lines are none. Samples of one series share its handle.
  std::size_t read(std::string_view lines, Batch& out);

 private:
  Result<Sample> parse(std::string_view line);
  MeasurementPtr find(std::string_view name) const;

  std::map<std::string, MeasurementPtr, std::less<>> known_;
  const Measurement* last_ = nullptr;  // that was learned: most often the same again
};

}  // namespace trafficd::spool
