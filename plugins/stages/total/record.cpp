#include "record.hpp"

#include <algorithm>
#include <charconv>

#include "trafficd/text.hpp"
#include "trafficd/units.hpp"

namespace trafficd::total {

namespace {

// Late samples of older lives than these do not come any more after a restart.
constexpr std::size_t lives_stored = 4;
constexpr std::string_view begun_word = "begun ";

/// Takes the line off, where there is one; false when it is none.
bool read_begin(std::string_view& bytes, Record& record) {
  record.begun = Record::never;
  if (!bytes.starts_with(begun_word)) return true;
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  std::int64_t seconds = 0;
  const auto [stop, error] = std::from_chars(bytes.data() + begun_word.size(), bytes.data() + end, seconds);
  if (error != std::errc{} || stop != bytes.data() + end || end == bytes.size()) return false;
  record.begun = Timestamp(std::chrono::seconds(seconds));
  bytes.remove_prefix(end + 1);
  return true;
}

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
  const auto begun = std::chrono::floor<std::chrono::seconds>(record.begun).time_since_epoch().count();
  return concat(to_text(line), '\n', record.begun == Record::never ? "" : concat(begun_word, begun, '\n'),
                record.tracker.to_bytes(lives_stored));
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
  bytes.remove_prefix(end + 1);
  return read_begin(bytes, record) && record.tracker.from_bytes(bytes, names.size());
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
