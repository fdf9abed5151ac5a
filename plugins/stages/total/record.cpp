#include "record.hpp"

#include <algorithm>

#include "trafficd/text.hpp"

namespace trafficd::total {

namespace {

// Late samples of older lives than these do not come any more after a restart.
constexpr std::size_t lives_stored = 4;

}  // namespace

MeasurementPtr counters_of(const Measurement& source) {
  std::vector<FieldSpec> counters;
  std::ranges::copy_if(source.fields(), std::back_inserter(counters),
                       [](const FieldSpec& field) { return field.kind == Kind::counter; });
  return make_measurement(source.name(), source.help(), std::move(counters), source.identity());
}

std::string key_of(const SeriesPtr& kept) {
  const std::string text = to_text(Sample{.series = kept});
  return text.substr(0, text.size() - std::string_view(" - 0 -").size());
}

std::string to_bytes(const Record& record, const SeriesPtr& kept) {
  Sample line{.series = kept, .time = record.time, .epoch = record.epoch};
  line.values.assign(record.totals.begin(), record.totals.end());
  return to_text(line) + '\n' + record.tracker.to_bytes(lives_stored);
}

bool from_bytes(std::string_view key, std::string_view bytes, Record& record, std::vector<std::string>& names) {
  if (!bytes.starts_with(key) || !bytes.substr(key.size()).starts_with(' ')) return false;
  const std::size_t end = bytes.find('\n');
  const auto line = parse_text(bytes.substr(0, end));
  if (end == bytes.npos || !line || line->epoch == 0) return false;
  record.epoch = line->epoch;
  record.time = line->time;
  record.totals.clear();
  names.clear();
  for (const FieldSpec& field : line->series->measurement().fields()) names.push_back(field.name);
  for (const Value& value : line->values) record.totals.push_back(value.as_unsigned());
  return record.tracker.from_bytes(bytes.substr(end + 1), names.size());
}

void reorder(Record& record, const std::vector<std::string>& names, const Measurement& counters) {
  const auto place = [&](std::vector<std::uint64_t>& numbers, std::uint64_t missing) {
    std::vector<std::uint64_t> placed(counters.fields().size(), missing);
    for (std::size_t i = 0; i < names.size() && i < numbers.size(); ++i)
      if (const auto to = counters.field(names[i])) placed[*to] = numbers[i];
    numbers = std::move(placed);
  };
  place(record.totals, 0);
  CounterTracker tracker;
  for (Baseline life : record.tracker.baselines()) {
    place(life.totals, Baseline::unseen);
    tracker.restore(std::move(life));
  }
  if (std::optional<Held> held = record.tracker.held()) {
    if (!held->totals.empty()) place(held->totals, Baseline::unseen);
    tracker.restore(*std::move(held));
  }
  tracker.set_known();
  record.tracker = std::move(tracker);
}

}  // namespace trafficd::total
