#include "history/usage_list.hpp"

#include <algorithm>

#include "history/json.hpp"
#include "history/text_parts.hpp"
#include "history/tiers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

Result<MeasurementList> list_measurements(const Reader& reader) {
  const auto all = reader.series("");
  if (!all) return Error{all.error()};
  MeasurementList list;
  for (const SeriesInfo& series : *all) {
    if (list.entries.empty() || list.entries.back().measurement != series.measurement)
      list.entries.push_back({series.measurement, 0, series.first_seen, series.last_seen});
    auto& entry = list.entries.back();
    ++entry.series;
    entry.first_seen = std::min(entry.first_seen, series.first_seen);
    entry.last_seen = std::max(entry.last_seen, series.last_seen);
  }
  return list;
}

std::string to_table(const MeasurementList& list, const Zone& zone, const TableStyle& style) {
  constexpr std::size_t time_width = 16;
  std::size_t width = columns("measurement");
  for (const auto& entry : list.entries) width = std::max(width, columns(entry.measurement));
  const auto line = [&](const std::string& name, const std::string& series, const std::string& from,
                        const std::string& to) {
    return left(name, width) + right(series, 10) + "  " + left(from, time_width) + "  " + to;
  };
  if (list.entries.empty()) return "the history is still empty\n";
  const std::string head = line("measurement", "series", "from", "to");
  std::string out = coloured(style, "2", head) + "\n";
  for (const auto& entry : list.entries)
    out += line(entry.measurement, std::to_string(entry.series), minute_text(entry.first_seen, zone),
                minute_text(entry.last_seen, zone)) +
           "\n";
  return out;
}

std::string to_json(const MeasurementList& list) {
  std::string out = "[";
  for (const auto& entry : list.entries) {
    out += out.size() == 1 ? "\n{\"measurement\":" : ",\n{\"measurement\":";
    append_json(out, entry.measurement);
    out += concat(",\"series\":", entry.series, ",\"from\":", unix_seconds(entry.first_seen),
                  ",\"to\":", unix_seconds(entry.last_seen), "}");
  }
  return out + (out.size() == 1 ? "]\n" : "\n]\n");
}

std::string to_csv(const MeasurementList& list) {
  std::string out = "measurement,series,from,to\n";
  for (const auto& entry : list.entries)
    out += concat(csv_cell(entry.measurement), ",", entry.series, ",", unix_seconds(entry.first_seen), ",",
                  unix_seconds(entry.last_seen), "\n");
  return out;
}

}  // namespace trafficd::history
