#include "engine/spool/lines.hpp"

#include <unordered_set>

namespace trafficd::spool {

namespace {

// Measurements that a source makes on the fly must not grow the table for ever.
constexpr std::size_t most_known = 1'000;

struct SameHandle {
  bool operator()(const SeriesPtr& a, const SeriesPtr& b) const {
    return a->same_identity(*b) && a->attributes() == b->attributes() && a->traits() == b->traits() &&
           a->measurement_ptr() == b->measurement_ptr();
  }
};
struct HandleHash {
  std::size_t operator()(const SeriesPtr& series) const { return series->hash(); }
};

/// All fields of `known` and those that only `line` has; nothing when they contradict each other.
MeasurementPtr join(const Measurement& known, const Measurement& line) {
  if (known.identity() != line.identity()) return nullptr;
  std::vector<FieldSpec> fields = known.fields();
  for (const FieldSpec& field : line.fields()) {
    const auto there = known.field(field.name);
    if (there && known.fields()[*there].kind != field.kind) return nullptr;
    if (!there) fields.push_back(field);
  }
  return make_measurement(known.name(), known.help(), std::move(fields), known.identity());
}

}  // namespace

void LineReader::learn(const MeasurementPtr& measurement) {
  if (measurement.get() == last_) return;
  last_ = measurement.get();
  if (known_.size() < most_known) known_.try_emplace(measurement->name(), measurement);
}

MeasurementPtr LineReader::find(std::string_view name) const {
  const auto found = known_.find(name);
  return found == known_.end() ? nullptr : found->second;
}

Result<Sample> LineReader::parse(std::string_view line) {
  auto sample = parse_text(line, [this](std::string_view name) { return find(name); });
  if (sample) {
    learn(sample->series->measurement_ptr());
    return sample;
  }
  // A field that nobody declared: the line knows better.
  auto rebuilt = parse_text(line);
  if (!rebuilt) return rebuilt;
  const Measurement& shape = rebuilt->series->measurement();
  const auto known = known_.find(shape.name());
  const MeasurementPtr joined = known == known_.end() ? nullptr : join(*known->second, shape);
  if (!joined) return rebuilt;
  known->second = joined;
  return parse_text(line, [&](std::string_view) { return joined; });
}

std::size_t LineReader::read(std::string_view lines, Batch& out) {
  std::unordered_set<SeriesPtr, HandleHash, SameHandle> handles;
  std::size_t bad = 0;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    auto sample = parse(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (!sample) {
      ++bad;
      continue;
    }
    sample->series = *handles.insert(sample->series).first;
    out.push_back(std::move(*sample));
  }
  return bad;
}

}  // namespace trafficd::spool
