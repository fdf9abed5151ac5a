#include "history/usage_columns.hpp"

#include <algorithm>

#include "history/text_parts.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

FieldSum part_of(const UsageRow& row, std::size_t field) {
  return field < row.fields.size() ? row.fields[field] : FieldSum{};
}

}  // namespace

std::vector<TableColumn> table_columns(const MeasurementInfo& measurement) {
  const auto& fields = measurement.fields;
  const auto find = [&](std::string_view name) {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const FieldInfo& field) {
      return field.name == name && field.kind != Kind::gauge;
    });
    return static_cast<std::size_t>(found - fields.begin());
  };
  const std::size_t rx = find("rx_bytes"), tx = find("tx_bytes");
  if (std::max(rx, tx) < fields.size()) return {{"received", {rx}}, {"sent", {tx}}, {"total", {rx, tx}}};
  std::vector<TableColumn> columns;
  for (const bool gauges : {false, true})
    for (std::size_t i = 0; i < fields.size(); ++i)
      if ((fields[i].kind == Kind::gauge) == gauges)
        columns.push_back({fields[i].name + (gauges ? " (last)" : ""), {i}});
  return columns;
}

bool is_gauge(const MeasurementInfo& measurement, const TableColumn& column) {
  return measurement.fields[column.fields.front()].kind == Kind::gauge;
}

double moved(const MeasurementInfo& measurement, const TableColumn& column, const UsageRow& row) {
  double sum = 0;
  if (is_gauge(measurement, column)) return sum;
  for (const std::size_t field : column.fields) sum += static_cast<double>(part_of(row, field).amount);
  return sum;
}

std::string cell(const MeasurementInfo& measurement, const TableColumn& column, const UsageRow& row, bool per_second,
                 const Zone& zone) {
  const std::size_t field = column.fields.front();
  const std::string& unit = measurement.fields[field].unit;
  const FieldSum part = part_of(row, field);
  if (is_gauge(measurement, column)) return part.present ? gauge_text(part.last, unit, zone) : "-";
  const double amount = moved(measurement, column, row);
  if (per_second) return unit == "By" ? human_rate(amount * 8 / row.seconds()) : rounded(amount / row.seconds()) + "/s";
  return unit == "By" ? human_bytes(amount) : std::to_string(part.amount);
}

std::vector<UsageValue> usage_values(const Usage& usage) {
  using Part = UsageValue::Part;
  const auto& fields = usage.measurement.fields;
  std::vector<UsageValue> values;
  const auto add = [&](std::size_t field, const char* ending, Part part) {
    std::string name = fields[field].name + ending;
    if (std::none_of(fields.begin(), fields.end(), [&](const FieldInfo& other) { return other.name == name; }))
      values.push_back({std::move(name), field, part});
  };
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool gauge = fields[i].kind == Kind::gauge;
    values.push_back({fields[i].name, i, gauge ? Part::mean : Part::amount});
    if (!gauge && usage.lately) add(i, "_rate", Part::rate);
    if (!gauge) continue;
    add(i, "_min", Part::min);
    add(i, "_max", Part::max);
    add(i, "_last", Part::last);
  }
  return values;
}

std::string text_of(const UsageValue& value, const UsageRow& row) {
  using Part = UsageValue::Part;
  const FieldSum sum = part_of(row, value.field);
  if (!sum.present) return {};
  switch (value.part) {
    case Part::amount: return std::to_string(sum.amount);
    case Part::rate: return shortest(static_cast<double>(sum.amount) / row.seconds());
    case Part::mean: return shortest(sum.mean());
    case Part::min: return shortest(sum.min);
    case Part::max: return shortest(sum.max);
    case Part::last: break;
  }
  return shortest(sum.last);
}

}  // namespace trafficd::history
