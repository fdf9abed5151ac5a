#include "history/usage.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "history/tiers.hpp"
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
  return Status::fatal(concat("the history has no measurement '", name, "'; it has: ", joined(names)));
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

/// Where the history can cut: the time itself, or the edge of its bucket before or behind it.
Timestamp aligned(const Reader& reader, Timestamp time, bool up) {
  const auto grain = reader.grain(time);
  const Duration width = grain ? *grain : Duration{std::chrono::minutes(15)};
  const Duration rest = time.time_since_epoch() % width;
  return time - rest + (up && rest > Duration{0} ? width : Duration{0});
}

/// Whole periods, but for an edge that was asked for, which cuts its period.
Result<std::vector<Period>> choose_periods(const Reader& reader, const UsageQuery& query, const Zone& zone,
                                           Timestamp first, Timestamp now) {
  const Timestamp begin = period_of(first, query.unit, zone).from;
  const Timestamp until = query.until.value_or(period_of(now, query.unit, zone).to);
  // One sample from before the clock was set must not make the time too long.
  const Timestamp earliest = query.unit < Unit::hour ? until - std::chrono::minutes(most_periods) : begin;
  const Timestamp since = std::max(query.since.value_or(earliest), begin);
  if (query.since && *query.since >= until)
    return Error{concat("nothing lies between ", format_utc(*query.since), " and ", format_utc(until))};
  if (query.unit < Unit::hour && until - since > std::chrono::minutes(most_periods))
    return Error{"that is too long a time for such short periods; give a later --since"};
  std::vector<Period> all = periods(since, until, query.unit, zone);
  if (all.empty()) return all;
  if (query.since) all.front().from = std::max(all.front().from, aligned(reader, since, false));
  if (query.until) all.back().to = std::min(all.back().to, aligned(reader, until, true));
  const std::size_t most = query.limit.value_or(query.since || query.until ? all.size() : usual_count(query.unit));
  if (all.size() > most) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(most));
  return all;
}

/// From the last whole minute to the newest sample.
Status add_rates(const Reader& reader, Usage& usage, const std::vector<std::int64_t>& ids, Timestamp now) {
  if (usage.newest == Timestamp{} || usage.newest < now - stale) return Status::ok();
  const auto grain = reader.grain(usage.newest);
  if (!grain) return Status::retry(grain.error());
  const Duration width = *grain, minute = std::max<Duration>(width, std::chrono::minutes(1));
  const Timestamp floor = usage.newest - usage.newest.time_since_epoch() % width;
  const Timestamp from = usage.newest - usage.newest.time_since_epoch() % minute - minute;
  const auto rows = reader.sums(usage.measurement.name, {from, floor + width}, ids);
  if (!rows) return Status::retry(rows.error());
  for (SeriesUsage& each : usage.series) {
    const double seconds = std::chrono::duration<double>(usage.newest - std::max(from, each.series.first_seen)).count();
    for (const SumRow& row : *rows)
      if (row.series == each.series.id && seconds >= 1) each.rate = {seconds, row.fields};
  }
  return Status::ok();
}

}  // namespace

Status collect_usage(const Reader& reader, const UsageQuery& query, const Zone& zone, Timestamp now, Usage& usage) {
  usage = {};
  usage.unit = query.unit;
  if (Status found = find_measurement(reader, query.measurement, usage.measurement); !found) return found;
  auto chosen = reader.series(query.measurement);
  const auto newest = reader.newest();
  if (!chosen || !newest) return Status::retry(chosen ? newest.error() : chosen.error());
  usage.newest = *newest;
  Timestamp first = now;
  for (const SeriesInfo& series : *chosen) first = std::min(first, series.first_seen);
  if (Status selected = select(*chosen, query); !selected) return selected;
  const auto spans = choose_periods(reader, query, zone, first, now);
  if (!spans) return Status::fatal(spans.error());

  std::vector<std::int64_t> ids;
  std::map<std::int64_t, std::size_t> places;
  for (SeriesInfo& series : *chosen) {
    ids.push_back(series.id);
    places[series.id] = usage.series.size();
    usage.series.push_back({std::move(series), {}, {}});
  }
  if (Status rates = add_rates(reader, usage, ids, now); !rates || spans->empty()) return rates;

  std::vector<Timestamp> edges;
  for (const Period& span : *spans) edges.push_back(span.from);
  edges.push_back(spans->back().to);
  auto rows = reader.sums(query.measurement, edges, ids);
  if (!rows) return Status::retry(rows.error());
  for (SumRow& row : *rows)
    usage.series[places[row.series]].rows.push_back({(*spans)[row.period], row.estimated, std::move(row.fields)});
  return Status::ok();
}

}  // namespace trafficd::history
