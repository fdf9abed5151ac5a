#include "history/session.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {
std::int64_t in_seconds(Duration duration) { return std::chrono::floor<std::chrono::seconds>(duration).count(); }
}  // namespace

Writer::Session::Session(const Settings& settings, Timestamp now)
    : database_(settings.file, {.busy_timeout = settings.busy_timeout}),
      file_(mark_of(settings.file)),
      gap_(settings.gap),
      steady_since_(now),
      last_upkeep_(now) {
  prepare_schema(database_, true);
  for (auto& [name, shape] : load_shapes(database_)) tables_[name].shape = shape;
  read_levels(settings, now);
  ledger_ = std::make_unique<Ledger>(database_);
  doubts_ = std::make_unique<DoubtStore>(database_);
  Transaction check(database_);
  for (auto& [name, tables] : tables_) prepare_writers(tables);
  check.commit();
  newest_row();  // looks for the newest row in every table: one that is lost is found now, not at its next turn
  log_ = mark_of(beside(settings.file, "-wal"));
}

Writer::Session::FileMark Writer::Session::mark_of(const std::filesystem::path& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino};
}

bool Writer::Session::file_gone() const { return mark_of(database_.file()) != file_; }

void Writer::Session::abandon_log() const {
  const std::filesystem::path log = beside(database_.file(), "-wal");
  if (log_ == FileMark{} || mark_of(log) != log_) return;
  std::error_code gone_already;
  std::filesystem::remove(log, gone_already);
  std::filesystem::remove(beside(database_.file(), "-shm"), gone_already);
  remove_log_end(database_.file());
}

std::vector<std::int64_t> Writer::Session::buckets() const {
  std::vector<std::int64_t> all;
  for (const Level& level : levels_) all.push_back(level.bucket);
  return all;
}

void Writer::Session::prepare_writers(Tables& tables) {
  tables.writers.clear();
  for (const Level& level : levels_) {
    make_table(database_, tables.shape, level.bucket);
    refuse_lost_columns(tables, level.bucket);
    tables.writers.push_back(std::make_unique<TableWriter>(database_, tables.shape, level.bucket));
  }
}

/// Where a name is damaged, here or there, nothing could ever be written again.
void Writer::Session::refuse_lost_columns(const Tables& tables, std::int64_t bucket) {
  const std::string table = concat(tables.shape.name, '_', bucket_name(bucket));
  std::set<std::string> there;
  for (Statement column(database_, concat("PRAGMA table_info(", sql_name(table), ")")); column.step();)
    there.insert(sql_name(column.bytes(1)));
  for (const std::string& wanted : tables.shape.columns())
    if (!there.contains(wanted))
      throw DatabaseError(DatabaseError::Kind::damaged,
                          concat("'", database_.file(), "' has no column ", wanted, " in ", table));
}

/// When the newest bucket of all begins, in unix seconds.
std::int64_t Writer::Session::newest_row() {
  std::int64_t newest = 0;
  for (const auto& [name, tables] : tables_)
    for (const Level& level : levels_) {
      const std::int64_t key = database_.value(concat("SELECT max(\"@key\") FROM ", tables.shape.table(level.bucket)));
      newest = std::max(newest, (key >> series_bits) * level.bucket);
    }
  return newest;
}

void Writer::Session::save_level(const Level& level) {
  Statement save(
      database_,
      "INSERT INTO tier VALUES(?1, ?2, ?3, ?4) ON CONFLICT(bucket) DO UPDATE SET keep=?2, mark=?3, kept_from=?4");
  save.bind(1, level.bucket).bind(2, level.keep).bind(3, level.mark).bind(4, level.kept_from).run();
}

/// Marks stand on the edges of buckets, which no number does of which one bit has tipped.
void Writer::Session::refuse_damaged(const std::vector<Level>& stored) {
  const std::int64_t coarsest = stored.empty() ? 0 : stored.back().bucket;
  Statement table(database_, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1");
  const auto has_table = [&](std::int64_t bucket) {
    return std::ranges::any_of(tables_, [&](const auto& each) {
      table.reset();
      return table.bind(1, std::string_view(concat(each.first, '_', bucket_name(bucket)))).step();
    });
  };
  const auto whole = [&](const Level& level) {
    return level.bucket > 0 && level.keep > 0 && level.mark >= 0 && level.mark % level.bucket == 0 &&
           level.kept_from >= 0 && coarsest > 0 && level.kept_from % coarsest == 0 &&
           (tables_.empty() || has_table(level.bucket));
  };
  const bool row_lost = std::ranges::any_of(levels_, [&](const Level& wanted) {
    return std::ranges::find(stored, wanted.bucket, &Level::bucket) == stored.end() && has_table(wanted.bucket);
  });
  if ((stored.empty() && !tables_.empty()) || row_lost || !std::ranges::all_of(stored, whole))
    throw DatabaseError(DatabaseError::Kind::damaged,
                        concat("'", database_.file(), "' tells tiers that it cannot have"));
}

void Writer::Session::read_levels(const Settings& settings, Timestamp now) {
  std::vector<Level> stored;
  Statement read(database_, "SELECT bucket, keep, mark, kept_from FROM tier ORDER BY bucket");
  while (read.step()) stored.push_back({read.integer(0), read.integer(1), read.integer(2), read.integer(3)});
  for (const Tier& tier : settings.tiers) levels_.push_back({in_seconds(tier.bucket), in_seconds(tier.keep)});
  refuse_damaged(stored);
  for (Level& level : levels_) {
    const auto known =
        std::find_if(stored.begin(), stored.end(), [&](const Level& l) { return l.bucket == level.bucket; });
    if (known == stored.end()) continue;
    level.mark = known->mark;
    level.kept_from = known->kept_from;
  }
  const auto same_buckets = [](const Level& a, const Level& b) { return a.bucket == b.bucket; };
  Transaction change(database_);
  if (!stored.empty() && !std::equal(stored.begin(), stored.end(), levels_.begin(), levels_.end(), same_buckets))
    change_levels(stored, now);
  if (stored.empty())
    for (Level& level : levels_) level.mark = unix_seconds(now) / level.bucket * level.bucket;
  if (stored == levels_) return;
  for (const Level& level : levels_) save_level(level);
  change.commit();
}

/// Other tiers than the file was made with: everything goes up into the coarsest, which stays, and the finer ones begin
/// anew. Later samples that still fall before the mark are added to both sides of it.
void Writer::Session::change_levels(const std::vector<Level>& stored, Timestamp now) {
  const std::vector<Level> wanted = std::move(levels_);
  const std::int64_t coarsest = stored.back().bucket;
  if (wanted.back().bucket != coarsest)
    throw Refusal(concat("'", database_.file(), "' has ", bucket_name(coarsest),
                         " as its coarsest tier, which cannot become ", bucket_name(wanted.back().bucket),
                         "; keep the bucket ", bucket_name(coarsest), " or choose another file"));
  levels_ = stored;
  for (auto& [name, tables] : tables_) prepare_writers(tables);
  const std::int64_t last = std::max({unix_seconds(now), newest_row(), stored.back().mark});
  const std::int64_t mark = (last / coarsest + 1) * coarsest;
  for (std::size_t level = 1; level < levels_.size(); ++level) roll_up(level, mark);
  for (const Level& level : stored) {
    if (level.bucket == coarsest) continue;
    for (auto& [name, tables] : tables_) drop_table(database_, tables.shape, level.bucket);
    database_.exec(concat("DELETE FROM tier WHERE bucket=", level.bucket));
  }
  for (auto& [name, tables] : tables_) tables.writers.clear();
  levels_ = wanted;
  for (Level& level : levels_) {
    level.mark = mark;
    if (level.bucket != coarsest) level.kept_from = mark;
  }
}

}  // namespace trafficd::history
