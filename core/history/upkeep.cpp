#include <algorithm>
#include <unordered_map>

#include "history/session.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {
// Samples that are on their way when a bucket closes still find it open.
constexpr std::int64_t grace = 60;
constexpr std::int64_t rows_a_step = 20'000;
constexpr Duration pause = std::chrono::minutes(1);
}  // namespace

void Writer::Session::upkeep(Timestamp now) {
  // A clock that jumps far ahead must not make everything look old: nothing expires until it ran evenly for an hour.
  if (now < last_upkeep_ || now > last_upkeep_ + std::chrono::minutes(10)) steady_since_ = now;
  const bool clock_put_back = now < last_upkeep_;
  last_upkeep_ = now;
  if (now < next_upkeep_ && !clock_put_back) return;
  next_upkeep_ = now + pause;

  Transaction change(database_);
  bool changed = false;
  for (std::size_t level = 1; level < levels_.size(); ++level) {
    const std::int64_t bucket = levels_[level].bucket;
    const std::int64_t until = (unix_seconds(now) - grace) / bucket * bucket;
    if (until <= levels_[level].mark) continue;
    roll_up(level, until);
    changed = true;
  }
  if (now >= steady_since_ + std::chrono::hours(1))
    for (std::size_t level = 0; level < levels_.size(); ++level) changed = expire(level, now) || changed;
  if (changed) change.commit();
  ledger_->purge();
}

void Writer::Session::roll_up(std::size_t level, std::int64_t until) {
  for (auto& [name, tables] : tables_) roll_up_table(tables, level, until);
  levels_[level].mark = until;
  save_level(levels_[level]);
}

/// Adds the rows of the finer tier between the mark and `until` to this one, a bucket at a time.
void Writer::Session::roll_up_table(Tables& tables, std::size_t level, std::int64_t until) {
  const std::int64_t fine = levels_[level - 1].bucket, coarse = levels_[level].bucket;
  const std::string from = concat(" FROM ", tables.shape.table(fine), " WHERE \"@key\" >= ?1");
  Statement next(database_, "SELECT min(\"@key\")" + from);
  Statement rows(database_,
                 concat("SELECT ", tables.shape.column_list(), from, " AND \"@key\" < ?2 ORDER BY \"@key\""));
  Cells sums;
  std::unordered_map<std::int64_t, std::uint32_t> by_series;
  std::int64_t key = (levels_[level].mark / fine) << series_bits;
  const std::int64_t end = (until / fine) << series_bits;
  while (true) {
    next.bind(1, key).step();
    if (next.is_null(0) || next.integer(0) >= end) break;
    const std::int64_t bucket = (next.integer(0) >> series_bits) * fine / coarse;
    next.reset();
    rows.bind(1, key).bind(2, ((bucket + 1) * coarse / fine) << series_bits);
    by_series.clear();
    while (rows.step()) {
      const std::int64_t series = rows.integer(0) & series_mask;
      auto cell = by_series.find(series);
      if (cell == by_series.end())
        cell = by_series.emplace(series, sums.add(*tables.writers[level], (bucket << series_bits) | series)).first;
      sums.add_row(cell->second, rows, 1);
    }
    sums.flush();
    key = ((bucket + 1) * coarse / fine) << series_bits;
  }
}

/// Removes a bounded number of rows that are older than the tier keeps them. True when there were any.
bool Writer::Session::expire(std::size_t level, Timestamp now) {
  Level& tier = levels_[level];
  // At the coarsest bucket's edge, so that a reader changes from one tier to the other without a seam.
  const std::int64_t coarsest = levels_.back().bucket;
  std::int64_t limit = (unix_seconds(now) - tier.keep) / coarsest * coarsest;
  // What was not rolled up yet stays.
  if (level + 1 < levels_.size()) limit = std::min(limit, levels_[level + 1].mark);
  // Tiers that were changed while a row lay in the future are read from then on only; what is old goes all the same.
  const bool ahead = tier.kept_from > unix_seconds(now);
  if (limit <= tier.kept_from && !tier.unfinished && !ahead) return false;
  if (!ahead) limit = std::max(limit, tier.kept_from);
  tier.unfinished = false;
  bool removed = false;
  for (auto& [name, tables] : tables_) {
    const std::string rows = concat(" FROM ", tables.shape.table(tier.bucket), " WHERE \"@key\" < ");
    const std::int64_t end = (limit / tier.bucket) << series_bits;
    const std::int64_t stop =
        database_.value(concat("SELECT \"@key\"", rows, end, " ORDER BY \"@key\" LIMIT 1 OFFSET ", rows_a_step));
    database_.exec(concat("DELETE", rows, stop == 0 ? end : stop));
    removed = removed || database_.changes() > 0;
    tier.unfinished = tier.unfinished || stop != 0;
  }
  if (!ahead) tier.kept_from = limit;
  // The mark in the file need not be written again each minute when there was nothing to remove.
  if (removed) save_level(tier);
  return removed;
}

}  // namespace trafficd::history
