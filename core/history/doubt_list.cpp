#include "history/doubt_list.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "history/json.hpp"
#include "history/text_parts.hpp"
#include "history/tiers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

bool fits(const DoubtQuery& query, const DoubtList::Entry& entry) {
  if (query.measurement && entry.series.measurement != *query.measurement) return false;
  if (query.since && entry.doubt.time < *query.since) return false;
  if (query.until && entry.doubt.time >= *query.until) return false;
  return std::all_of(query.match.begin(), query.match.end(), [&](const auto& pair) {
    return glob_match(pair.second, entry.series.tag(pair.first).value_or(""));
  });
}

std::string name_of(const SeriesInfo& series) {
  std::string name;
  for (const Tag& tag : series.identity) name += (name.empty() ? "" : " ") + printable(tag.value);
  return name.empty() ? printable(series.instance) : concat(name, " (", printable(series.instance), ")");
}

/// Tags as one text: `interface=eth0 …`.
std::string tags_of(const SeriesInfo& series) {
  std::string all;
  for (const Tag& tag : series.identity) all += concat(all.empty() ? "" : " ", tag.key, "=", tag.value);
  return all;
}

void add_object(std::string& out, const DoubtList::Entry& entry) {
  const DoubtRow& doubt = entry.doubt;
  std::set<std::string_view> keys;
  const auto text = [&](std::string_view key, std::string_view value) {
    if (add_key(out, keys, key)) append_json(out, value);
  };
  const auto number = [&](std::string_view key, auto value) {
    if (add_key(out, keys, key)) out += std::to_string(value);
  };
  out += '{';
  text("id", doubt.id);
  number("time", unix_seconds(doubt.time));
  text("measurement", entry.series.measurement);
  text("instance", entry.series.instance);
  text("field", doubt.field);
  number("before", doubt.before);
  number("after", doubt.after);
  number("amount", doubt.amount);
  number("most", doubt.most);
  text("reason", doubt.reason);
  text("decision", doubt.decision);
  for (const Tag& tag : entry.series.identity) text(tag.key, tag.value);
  out += '}';
}

}  // namespace

Status collect_doubts(const Reader& reader, const DoubtQuery& query, DoubtList& list) {
  list = {};
  const auto rows = reader.doubts();
  const auto all = reader.series("");
  const auto forgotten = reader.forgotten_doubts();
  if (!rows || !all || !forgotten) return Status::retry(!rows ? rows.error() : !all ? all.error() : forgotten.error());
  list.forgotten = *forgotten;
  std::map<std::int64_t, const SeriesInfo*> series;
  for (const SeriesInfo& each : *all) series[each.id] = &each;
  for (const DoubtRow& row : *rows) {
    const auto found = series.find(row.series);
    DoubtList::Entry entry{row, found == series.end() ? SeriesInfo{} : *found->second};
    if (fits(query, entry)) list.entries.push_back(std::move(entry));
  }
  if (query.limit && list.entries.size() > *query.limit)
    list.entries.erase(list.entries.begin(), list.entries.end() - static_cast<std::ptrdiff_t>(*query.limit));
  return Status::ok();
}

std::string to_table(const DoubtList& list, const Zone& zone, const TableStyle& style) {
  const auto dim = [&](const std::string& text) { return style.colour ? "\x1b[2m" + text + "\x1b[0m" : text; };
  constexpr std::size_t cells = 6, id = 0;
  std::vector<std::array<std::string, cells>> rows = {{"id", "time", "series", "before", "after", "would bring"}};
  for (const auto& [doubt, series] : list.entries) {
    const auto amount = [bytes = doubt.unit == "By"](std::uint64_t value) {
      return bytes ? human_bytes(static_cast<double>(value)) : std::to_string(value);
    };
    const std::string brings = amount(doubt.amount) + (doubt.most == doubt.amount ? "" : " or " + amount(doubt.most));
    rows.push_back({doubt.id, minute_text(doubt.time, zone), name_of(series) + " " + printable(doubt.field),
                    amount(doubt.before), amount(doubt.after), brings});
  }
  std::array<std::size_t, cells> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < cells; ++i) widths[i] = std::max(widths[i], columns(row[i]));
  std::string out;
  for (std::size_t n = 0; n < rows.size() && rows.size() > 1; ++n) {
    std::string line;
    for (std::size_t i = 0; i < cells; ++i)
      line += (i == 0 ? "" : "  ") + (i < 3 ? left(rows[n][i], widths[i]) : right(rows[n][i], widths[i]));
    out += (n == 0 ? dim(line) : line) + "\n";
    if (n == 0) continue;
    const DoubtRow& doubt = list.entries[n - 1].doubt;
    out += std::string(widths[id] + 2, ' ') +
           dim(printable(doubt.reason) + (doubt.decision.empty() ? "" : "; " + printable(doubt.decision))) + "\n";
  }
  if (out.empty()) out = "no step of a counter is in doubt\n";
  if (list.forgotten > 0) out += dim(concat(list.forgotten, " older ones had to make room")) + "\n";
  return out;
}

std::string to_json(const DoubtList& list) {
  std::string out = "[";
  for (const DoubtList::Entry& entry : list.entries) {
    out += out.size() == 1 ? "\n" : ",\n";
    add_object(out, entry);
  }
  return out + (out.size() == 1 ? "]\n" : "\n]\n");
}

std::string to_csv(const DoubtList& list) {
  std::string out = "id,time,measurement,instance,tags,field,before,after,amount,most,reason,decision\n";
  for (const auto& [doubt, series] : list.entries)
    out += concat(doubt.id, ",", unix_seconds(doubt.time), ",", csv_cell(series.measurement), ",",
                  csv_cell(series.instance), ",", csv_cell(tags_of(series)), ",", csv_cell(doubt.field), ",",
                  doubt.before, ",", doubt.after, ",", doubt.amount, ",", doubt.most, ",", csv_cell(doubt.reason), ",",
                  csv_cell(doubt.decision), "\n");
  return out;
}

}  // namespace trafficd::history
