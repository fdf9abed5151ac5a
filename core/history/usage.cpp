#include "history/usage.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "history/text_parts.hpp"
#include "trafficd/config_node.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

constexpr std::int64_t most_periods = 1'000'000;
constexpr Duration stale = std::chrono::minutes(5);

std::string joined(const std::set<std::string>& words) {
  std::string list;
  for (const std::string& word : words) {
    if (list.size() > 300) return list + ", …";
    list += (list.empty() ? "" : ", ") + word;
  }
  return list;
}

Status find_measurement(const Reader& reader, const std::string& name, MeasurementInfo& found) {
  const auto all = reader.measurements();
  if (!all) return Status::retry(all.error());
  std::set<std::string> names;
  for (const MeasurementInfo& each : *all) {
    names.insert(each.name);
    if (each.name == name) found = each;
  }
  if (!found.name.empty()) return Status::ok();
  if (names.empty())
    return Status::retry("the history is still empty; wait for the service to write its first samples");
  const std::string near = nearest(name, {names.begin(), names.end()});
  return Status::fatal(concat(
      "the history has no measurement '", name, "'",
      near.empty() ? std::string("; it has: ") : concat(", did you mean '", near, "'? it has: "), joined(names)));
}

/// Leaves the series that the query asks for; else says which values of the tag there are.
Status select(std::vector<SeriesInfo>& all, const UsageQuery& query) {
  if (all.empty()) return Status::retry(concat("the history holds no series of '", query.measurement, "' yet"));
  for (const auto& [tag, glob] : query.match) {
    std::set<std::string> values;
    for (const SeriesInfo& series : all)
      if (const auto value = series.tag(tag)) values.emplace(*value);
    std::erase_if(all, [&, &name = tag, &pattern = glob](const SeriesInfo& series) {
      return !glob_match(pattern, series.tag(name).value_or(""));
    });
    if (!all.empty()) continue;
    if (values.empty()) return Status::fatal(concat("no series of '", query.measurement, "' has the tag '", tag, "'"));
    return Status::fatal(concat("no ", tag, " '", glob, "' in the history; it has: ", joined(values)));
  }
  const auto primary = [](const SeriesInfo& series) { return series.tag("primary") == "yes"; };
  if (!query.all && query.match.empty() && std::any_of(all.begin(), all.end(), primary))
    std::erase_if(all, [&](const SeriesInfo& series) { return !primary(series); });
  return Status::ok();
}

std::size_t usual_count(Unit unit) {
  switch (unit) {
    case Unit::minute: return 60;
    case Unit::quarter: return 96;
    case Unit::hour: return 24;
    case Unit::day: return 30;
    case Unit::month: return 12;
    case Unit::year: break;
  }
  return 100;
}

/// The edge of the bucket before or behind that time, unless it is one itself.
Timestamp aligned(Timestamp time, Duration width, bool up) {
  const Duration rest = time.time_since_epoch() % width;
  return time - rest + (up && rest > Duration{0} ? width : Duration{0});
}

Duration grain(const Reader& reader, Timestamp time) {
  const auto known = reader.grain(time);
  return known ? *known : Duration{std::chrono::minutes(15)};
}

Period around(Timestamp time, const UsageQuery& query, const Zone& zone) {
  return query.start_day == 1 ? period_of(time, query.unit, zone) : billing_period(time, query.start_day, zone);
}

/// Whole periods, but for an edge that was asked for, which cuts its period: where the history can cut.
Result<std::vector<Period>> choose_periods(const Reader& reader, const UsageQuery& query, const Zone& zone,
                                           Timestamp first, Timestamp now) {
  const Timestamp begin = around(first, query, zone).from;
  const Timestamp until = query.until.value_or(around(now, query, zone).to);
  // One sample from before the clock was set must not make the time too long.
  const Timestamp earliest = query.unit < Unit::hour ? until - std::chrono::minutes(most_periods) : begin;
  const Timestamp since = std::max(query.since.value_or(earliest), begin);
  if (query.since && *query.since >= until)
    return Error{concat("nothing lies between ", format_utc(*query.since), " and ", format_utc(until))};
  if (query.unit < Unit::hour && until - since > std::chrono::minutes(most_periods))
    return Error{"that is too long a time for such short periods; give a later --since"};
  std::vector<Period> all;
  if (since < until)
    for (Period p = around(since, query, zone); p.from < until; p = around(p.to, query, zone)) all.push_back(p);
  if (all.empty()) return all;
  if (query.since) all.front().from = std::max(all.front().from, aligned(since, grain(reader, since), false));
  if (query.until) all.back().to = std::min(all.back().to, aligned(until, grain(reader, until), true));
  const std::size_t most = query.limit.value_or(query.since || query.until ? all.size() : usual_count(query.unit));
  if (all.size() > most) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(most));
  return all;
}

/// Says where the shown time is wider than the one that was asked for. Parts of a minute are not worth a word, nor is
/// what has not happened yet.
std::vector<std::string> moved_edges(const UsageQuery& query, const Period& shown, const Zone& zone, Timestamp now) {
  std::vector<std::string> notes;
  const auto note = [&](const char* option, Timestamp asked, Timestamp given) {
    if (std::chrono::abs(asked - given) >= std::chrono::minutes(1))
      notes.push_back(concat("--", option, " ", minute_text(asked, zone), " was moved to ", minute_text(given, zone),
                             ": the history keeps that time in coarser steps"));
  };
  if (query.since && shown.from < *query.since) note("since", *query.since, shown.from);
  if (query.until && shown.to > *query.until && *query.until < now) note("until", *query.until, shown.to);
  return notes;
}

/// From the last whole minute of each series to its own last sample, up to which it is counted.
Status add_lately(const Reader& reader, Usage& usage, const std::vector<std::int64_t>& ids, Timestamp now) {
  const Duration width = std::max<Duration>(grain(reader, now - stale), std::chrono::minutes(1));
  const auto since = [&](Timestamp last) { return aligned(last, width, false) - width; };
  std::vector<Timestamp> edges;
  for (Timestamp edge = since(now - stale); edge <= now + stale + width; edge += width) edges.push_back(edge);
  auto rows = reader.sums(usage.measurement.name, edges, ids);
  if (!rows) return Status::retry(rows.error());
  std::map<std::int64_t, SeriesUsage*> places;
  for (SeriesUsage& each : usage.series) places.emplace(each.series.id, &each);
  for (SumRow& row : *rows) {
    SeriesUsage& each = *places.at(row.series);
    const Timestamp last = each.series.last_seen, from = std::max(since(last), each.series.first_seen);
    if (last < now - stale || last > now + stale || edges[row.period] < since(last)) continue;
    if (last - from < std::chrono::seconds(1)) continue;
    if (!each.lately) each.lately = UsageRow{{from, last}, 0, {}};
    each.lately->estimated += row.estimated;
    // The service may have added a field after the measurement was read.
    each.lately->fields.resize(usage.measurement.fields.size());
    for (std::size_t i = 0; i < std::min(row.fields.size(), each.lately->fields.size()); ++i)
      each.lately->fields[i].add(row.fields[i], usage.measurement.fields[i].kind);
  }
  return Status::ok();
}

Status add_rows(const Reader& reader, Usage& usage, const std::vector<std::int64_t>& ids,
                const std::vector<Period>& spans) {
  if (spans.empty()) return Status::ok();
  std::vector<Timestamp> edges;
  for (const Period& span : spans) edges.push_back(span.from);
  edges.push_back(spans.back().to);
  auto rows = reader.sums(usage.measurement.name, edges, ids);
  if (!rows) return Status::retry(rows.error());
  std::map<std::int64_t, std::size_t> places;
  for (const std::int64_t id : ids) places.emplace(id, places.size());
  for (SumRow& row : *rows)
    usage.series[places[row.series]].rows.push_back({spans[row.period], row.estimated, std::move(row.fields)});
  return Status::ok();
}

}  // namespace

Status collect_usage(const Reader& reader, const UsageQuery& query, const Zone& zone, Timestamp now, Usage& usage) {
  usage = {};
  usage.unit = query.unit;
  usage.start_day = query.start_day;
  usage.lately = query.lately;
  if (Status found = find_measurement(reader, query.measurement, usage.measurement); !found) return found;
  auto chosen = reader.series(query.measurement);
  if (!chosen) return Status::retry(chosen.error());
  Timestamp first = now;
  for (const SeriesInfo& series : *chosen) first = std::min(first, series.first_seen);
  if (Status selected = select(*chosen, query); !selected) return selected;

  std::vector<std::int64_t> ids;
  for (SeriesInfo& series : *chosen) {
    ids.push_back(series.id);
    usage.series.push_back({std::move(series), {}, {}});
  }
  const bool past = query.until && *query.until <= now;
  if (Status lately = past ? Status::ok() : add_lately(reader, usage, ids, now); !lately || query.lately) return lately;
  const auto spans = choose_periods(reader, query, zone, first, now);
  if (!spans) return Status::fatal(spans.error());
  if (!spans->empty()) usage.notes = moved_edges(query, {spans->front().from, spans->back().to}, zone, now);
  return add_rows(reader, usage, ids, *spans);
}

}  // namespace trafficd::history
