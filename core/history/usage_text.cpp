#include "history/usage_text.hpp"

#include <set>
#include <span>

#include "history/json.hpp"
#include "history/text_parts.hpp"
#include "history/tiers.hpp"
#include "history/usage_columns.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

void add_object(std::string& out, const std::vector<UsageValue>& values, const SeriesInfo& series,
                const UsageRow& row) {
  std::set<std::string_view> keys;
  out += '{';
  for (const Tag& tag : series.identity)
    if (add_key(out, keys, tag.key)) append_json(out, tag.value);
  if (add_key(out, keys, "instance")) append_json(out, series.instance);
  if (add_key(out, keys, "from")) out += std::to_string(unix_seconds(row.period.from));
  if (add_key(out, keys, "to")) out += std::to_string(unix_seconds(row.period.to));
  for (const UsageValue& value : values)
    if (const std::string text = text_of(value, row); !text.empty() && add_key(out, keys, value.name)) out += text;
  if (add_key(out, keys, "estimated")) out += std::to_string(row.estimated);
  for (const Tag& tag : series.attributes)
    if (add_key(out, keys, tag.key)) append_json(out, tag.value);
  out += '}';
}

std::span<const UsageRow> rows_of(const Usage& usage, const SeriesUsage& each) {
  if (!usage.lately) return each.rows;
  if (!each.lately) return {};
  return {&*each.lately, 1};
}

}  // namespace

std::string to_json(const Usage& usage) {
  const std::vector<UsageValue> values = usage_values(usage);
  std::string out = "[";
  for (const SeriesUsage& each : usage.series)
    for (const UsageRow& row : rows_of(usage, each)) {
      out += out.size() == 1 ? "\n" : ",\n";
      add_object(out, values, each.series, row);
    }
  return out + (out.size() == 1 ? "]\n" : "\n]\n");
}

std::string to_csv(const Usage& usage) {
  const std::vector<UsageValue> values = usage_values(usage);
  std::string out;
  for (const std::string& tag : usage.measurement.identity) out += csv_cell(tag) + ",";
  out += "instance,from,to";
  for (const UsageValue& value : values) out += "," + csv_cell(value.name);
  out += ",estimated\n";
  for (const SeriesUsage& each : usage.series)
    for (const UsageRow& row : rows_of(usage, each)) {
      for (const std::string& tag : usage.measurement.identity)
        out += csv_cell(find_tag(each.series.identity, tag).value_or("")) + ",";
      out +=
          concat(csv_cell(each.series.instance), ",", unix_seconds(row.period.from), ",", unix_seconds(row.period.to));
      for (const UsageValue& value : values) out += "," + text_of(value, row);
      out += concat(",", row.estimated, "\n");
    }
  return out;
}

}  // namespace trafficd::history
