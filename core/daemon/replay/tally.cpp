#include "daemon/replay/tally.hpp"

#include <algorithm>
#include <map>

namespace trafficd::replay {

namespace {

/// What found no room of its own.
bool is_rest(const Tally::Row& row) {
  return std::ranges::any_of(row.series->identity(), [](const Tag& tag) {
    return tag.value == "other" && (tag.key == "device" || tag.key == "address" || tag.key == "section");
  });
}

}  // namespace

double number_of(const Tally::Row& row, std::string_view field) {
  const auto place = row.series->measurement().field(field);
  return place ? row.values[*place].as_real() : 0;
}

void Tally::add(const Batch& batch) {
  for (const Sample& sample : batch) add_one(sample);
}

void Tally::add_one(const Sample& sample) {
  if (!sample.series || sample.values.size() != sample.series->measurement().fields().size()) {
    ++unusable_;
    return;
  }
  Entry* const entry = known_.get(sample.series);
  if (entry == nullptr) {
    ++without_room_;
    return;
  }
  // Two measurements of one name with other fields cannot be added up.
  if (entry->row && entry->row->values.size() != sample.values.size()) {
    ++unusable_;
    return;
  }
  if (entry->row == nullptr) entry->row = &rows_.emplace_back(Row{nullptr, std::vector<Value>(sample.values.size())});
  Row& row = *entry->row;
  row.series = sample.series->shared_from_this();

  const Measurement& measurement = sample.series->measurement();
  entry->tracker.step(sample, increase_);
  for (std::size_t i = 0; i < measurement.counters().size(); ++i) {
    const std::size_t field = measurement.counters()[i];
    if (!sample.values[field].absent()) row.values[field] = row.values[field].as_unsigned() + increase_.amounts[i];
  }
  for (std::size_t i = 0; i < sample.values.size(); ++i) {
    const Value& value = sample.values[i];
    const Kind kind = measurement.fields()[i].kind;
    if (kind == Kind::counter || value.absent()) continue;
    row.values[i] = kind == Kind::gauge ? value : Value(row.values[i].as_unsigned() + value.as_unsigned());
  }
}

std::vector<MeasurementPtr> Tally::measurements() const {
  std::map<std::string_view, MeasurementPtr> found;
  for (const Row& row : rows_) found.try_emplace(row.series->measurement().name(), row.series->measurement_ptr());
  std::vector<MeasurementPtr> all;
  for (const auto& [name, measurement] : found) all.push_back(measurement);
  return all;
}

double Tally::weight(const Row& row) {
  const Measurement& measurement = row.series->measurement();
  if (measurement.field("rx_bytes") && measurement.field("tx_bytes"))
    return number_of(row, "rx_bytes") + number_of(row, "tx_bytes");
  return measurement.counters().empty() ? 0 : row.values[measurement.counters().front()].as_real();
}

std::vector<const Tally::Row*> Tally::rows(std::string_view measurement) const {
  // What they are compared by is worked out once.
  struct Placed {
    bool rest;
    double weight;
    const Row* row;
  };
  std::vector<Placed> placed;
  for (const Row& row : rows_)
    if (row.series->measurement().name() == measurement) placed.push_back({is_rest(row), weight(row), &row});
  // By the tags where all else is alike, so that the order is always the same.
  std::ranges::sort(placed, [](const Placed& a, const Placed& b) {
    if (a.rest != b.rest) return b.rest;
    if (a.weight != b.weight) return a.weight > b.weight;
    return a.row->series->identity() < b.row->series->identity();
  });
  std::vector<const Row*> found;
  for (const Placed& each : placed) found.push_back(each.row);
  return found;
}

}  // namespace trafficd::replay
