#include "history/doubts.hpp"

#include "history/tiers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

DoubtStore::DoubtStore(Database& database)
    : database_(database),
      add_(database, "INSERT OR IGNORE INTO doubtful VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '')"),
      count_(database.value("SELECT count(*) FROM doubtful")) {}

bool DoubtStore::add(std::int64_t series, const Layout& layout, const Doubt& doubt) {
  // SQLite knows no unsigned integers; a reader turns them back.
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  const std::vector<std::size_t> counters = layout.measurement->counters();
  add_.bind(1, doubt.id).bind(2, unix_seconds(doubt.time)).bind(3, series);
  add_.bind(4, layout.measurement->fields()[counters[doubt.counter]].name);
  add_.bind(5, number(doubt.before)).bind(6, number(doubt.after));
  add_.bind(7, number(doubt.amount)).bind(8, number(doubt.most)).bind(9, doubt.reason).run();
  const bool fresh = database_.changes() > 0;
  count_ += fresh ? 1 : 0;
  return fresh;
}

std::uint64_t DoubtStore::trim() {
  if (count_ <= most) return 0;
  const std::int64_t surplus = count_ - most;
  database_.exec(concat("DELETE FROM doubtful WHERE id IN (SELECT id FROM doubtful ORDER BY decision = '', time LIMIT ",
                        surplus, ")"));
  database_.exec(concat("UPDATE forgotten SET doubtful = doubtful + ", surplus));
  count_ = most;
  return static_cast<std::uint64_t>(surplus);
}

}  // namespace trafficd::history
