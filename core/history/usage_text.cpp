#include "history/usage_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <set>

#include "history/json.hpp"
#include "history/text_parts.hpp"
#include "history/tiers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

/// A whole number without a point, else the shortest text that reads back the same.
std::string number(const FieldSum& sum, Kind kind) {
  if (kind != Kind::gauge) return std::to_string(sum.amount);
  const double mean = sum.mean();
  if (mean == std::floor(mean) && std::abs(mean) < 0x1p53) return std::to_string(static_cast<std::int64_t>(mean));
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, mean).ptr;
  return std::string(text, end);
}

void add_object(std::string& out, const Usage& usage, const SeriesUsage& each, const UsageRow& row) {
  std::set<std::string_view> keys;
  out += '{';
  for (const Tag& tag : each.series.identity)
    if (add_key(out, keys, tag.key)) append_json(out, tag.value);
  if (add_key(out, keys, "instance")) append_json(out, each.series.instance);
  if (add_key(out, keys, "from")) out += std::to_string(unix_seconds(row.period.from));
  if (add_key(out, keys, "to")) out += std::to_string(unix_seconds(row.period.to));
  for (std::size_t i = 0; i < row.fields.size(); ++i)
    if (row.fields[i].present && add_key(out, keys, usage.measurement.fields[i].name))
      out += number(row.fields[i], usage.measurement.fields[i].kind);
  if (add_key(out, keys, "estimated")) out += std::to_string(row.estimated);
  for (const Tag& tag : each.series.attributes)
    if (add_key(out, keys, tag.key)) append_json(out, tag.value);
  out += '}';
}

}  // namespace

std::string to_json(const Usage& usage) {
  std::string out = "[";
  for (const SeriesUsage& each : usage.series)
    for (const UsageRow& row : each.rows) {
      out += out.size() == 1 ? "\n" : ",\n";
      add_object(out, usage, each, row);
    }
  return out + (out.size() == 1 ? "]\n" : "\n]\n");
}

std::string to_csv(const Usage& usage) {
  std::string out;
  for (const std::string& tag : usage.measurement.identity) out += csv_cell(tag) + ",";
  out += "instance,from,to";
  for (const FieldInfo& field : usage.measurement.fields) out += "," + csv_cell(field.name);
  out += ",estimated\n";
  for (const SeriesUsage& each : usage.series)
    for (const UsageRow& row : each.rows) {
      for (const std::string& tag : usage.measurement.identity)
        out += csv_cell(find_tag(each.series.identity, tag).value_or("")) + ",";
      out +=
          concat(csv_cell(each.series.instance), ",", unix_seconds(row.period.from), ",", unix_seconds(row.period.to));
      for (std::size_t i = 0; i < row.fields.size(); ++i)
        out += "," + (row.fields[i].present ? number(row.fields[i], usage.measurement.fields[i].kind) : std::string{});
      out += concat(",", row.estimated, "\n");
    }
  return out;
}

}  // namespace trafficd::history
