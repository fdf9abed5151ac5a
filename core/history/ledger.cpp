#include "history/ledger.hpp"

#include <algorithm>
#include <utility>

#include "history/json.hpp"
#include "history/tiers.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

constexpr std::size_t most_accounts = 200'000;
// Baselines tell exactly when a series was seen last; one without counters has none.
constexpr std::int64_t seen_grain = 900, seen_grain_alone = 1;
constexpr std::size_t rows_together = 8;
// Above the series stands the number of the life, so that the lives of one series lie together, oldest first.
constexpr int life_bits = 32;

std::int64_t stamp(Timestamp time) { return time.time_since_epoch().count(); }
std::uint64_t unsign(std::int64_t number) { return static_cast<std::uint64_t>(number); }
std::int64_t sign(std::uint64_t number) { return static_cast<std::int64_t>(number); }

const Baseline* find_life(const Account& account, std::uint64_t epoch) {
  for (const Baseline& life : account.tracker.baselines())
    if (life.epoch == epoch) return &life;
  return nullptr;
}

/// The first and the last row that a life of this series can have.
std::pair<std::int64_t, std::int64_t> rows_of(std::int64_t series) {
  return {series << life_bits, ((series + 1) << life_bits) - 1};
}

Timestamp at(std::int64_t stamp) { return Timestamp{Duration{stamp}}; }

}  // namespace

Ledger::Ledger(Database& database)
    : database_(database),
      find_series_(database,
                   "SELECT id, attributes, last_seen, first_seen FROM series WHERE measurement=?1 AND instance=?2 AND "
                   "identity=?3"),
      add_series_(database,
                  "INSERT INTO series(measurement, instance, identity, attributes, first_seen, last_seen)"
                  " VALUES(?1, ?2, ?3, ?4, ?5, ?5)"),
      last_series_(database, "SELECT max(id) FROM series"),
      change_attributes_(database, "UPDATE series SET attributes=?2 WHERE id=?1"),
      change_seen_(database, "UPDATE series SET last_seen=max(last_seen, ?2) WHERE id=?1"),
      change_first_(database, "UPDATE series SET first_seen=min(first_seen, ?2) WHERE id=?1"),
      read_lives_(database,
                  "SELECT id, epoch, time, totals FROM life LEFT JOIN baseline USING(id)"
                  " WHERE id BETWEEN ?1 AND ?2 ORDER BY time, id"),
      find_epoch_(database,
                  "SELECT l.id, b.time, b.totals FROM life l JOIN baseline b ON b.id = l.id"
                  " JOIN series s ON s.id = l.id >> 32"
                  " WHERE l.epoch=?1 AND s.measurement=?2 AND s.instance=?3 AND s.id<>?4"
                  " ORDER BY b.time DESC LIMIT 1"),
      read_totals_(database, "SELECT totals FROM baseline WHERE id=?1"),
      add_life_(database, "INSERT INTO life VALUES(?1, ?2)"),
      // A table without an index takes this as one overwrite in place, the cheapest write there is.
      save_baseline_(database, "REPLACE INTO baseline VALUES(?, ?, ?)"),
      remove_life_(database, "DELETE FROM life WHERE id=?1"),
      remove_baseline_(database, "DELETE FROM baseline WHERE id=?1"),
      read_trace_(database, "SELECT id FROM baseline WHERE id BETWEEN ?1 AND ?2 AND time=0 AND length(totals)=4"),
      find_orphan_(database,
                   "SELECT id FROM baseline WHERE id BETWEEN ?1 AND ?2 AND id NOT IN (SELECT id FROM life WHERE id"
                   " BETWEEN ?1 AND ?2)"),
      leave_trace_(database, "UPDATE life SET epoch=0 WHERE id=?1"),
      read_held_(database, "SELECT begun, time, seen, totals FROM held WHERE id=?1"),
      save_held_(database, "REPLACE INTO held VALUES(?1, ?2, ?3, ?4, ?5)"),
      remove_held_(database, "DELETE FROM held WHERE id=?1"),
      accounts_(most_accounts) {}

Account* Ledger::account(const Sample& sample, const Layout& layout) {
  Account* found = accounts_.get(sample.series);
  if (found == nullptr) {
    write();
    forget();
    found = accounts_.get(sample.series);
  }
  if (found->id == 0 || found->layout != &layout) {
    write();
    *found = Account{};
    found->series = sample.series->shared_from_this();
    found->layout = &layout;
    if (!read_series(*found) && !add_series(*found, sample.time)) return nullptr;
  }
  if (found->generation != generation_) read_lives(*found);
  if (found->series != sample.series) note_attributes(*found, sample);
  return found;
}

bool Ledger::read_series(Account& account) {
  const Series& series = *account.series;
  find_series_.bind(1, series.measurement().name()).bind(2, series.instance()).bind(3, to_json(series.identity()));
  if (!find_series_.step()) return false;
  account.id = find_series_.integer(0);
  account.last_seen = find_series_.integer(2);
  account.first_seen = find_series_.integer(3);
  const bool same = find_series_.bytes(1) == to_json(series.attributes());
  find_series_.reset();
  if (!same) change_attributes_.bind(1, account.id).bind(2, to_json(series.attributes())).run();
  return true;
}

bool Ledger::add_series(Account& account, Timestamp time) {
  last_series_.step();
  const std::int64_t last = last_series_.integer(0);
  last_series_.reset();
  if (last >= series_mask) return false;
  const Series& series = *account.series;
  account.first_seen = account.last_seen = unix_seconds(time);
  add_series_.bind(1, series.measurement().name()).bind(2, series.instance()).bind(3, to_json(series.identity()));
  add_series_.bind(4, to_json(series.attributes())).bind(5, account.last_seen).run();
  account.id = database_.last_id();
  ++added_;
  return true;
}

void Ledger::read_lives(Account& account) {
  account.tracker = {};
  account.rows.clear();
  account.held.reset();
  account.next_row = account.id << life_bits;
  if (!read_baselines(account) || !read_held(account)) give_up(account);
  account.generation = generation_;
}

/// False when a part of it is damaged.
bool Ledger::read_baselines(Account& account) {
  const auto [first, last] = rows_of(account.id);
  const bool orphan = find_orphan_.bind(1, first).bind(2, last).step();
  find_orphan_.reset();
  bool whole = !orphan;
  read_lives_.bind(1, first).bind(2, last);
  while (read_lives_.step()) {
    const std::int64_t row = read_lives_.integer(0), epoch = read_lives_.integer(1), time = read_lives_.integer(2);
    account.next_row = std::max(account.next_row, row + 1);
    const auto totals = unseal(read_lives_.bytes(3), {row, epoch, time});
    whole = whole && totals;
    if (!whole) continue;
    if (totals->empty()) {  // the trace of a life that moved away
      account.tracker.set_known();
      continue;
    }
    account.rows.push_back({unsign(epoch), row});
    Baseline life{unsign(epoch), at(time), unpack(*account.layout, *totals)};
    account.newest = std::max(account.newest, life.time);
    account.tracker.restore(std::move(life));
  }
  return whole;
}

bool Ledger::read_held(Account& account) {
  if (!read_held_.bind(1, account.id).step()) return true;
  const std::int64_t begun = read_held_.integer(0), time = read_held_.integer(1), seen = read_held_.integer(2);
  const auto totals = unseal(read_held_.bytes(3), {account.id, begun, time, seen});
  if (totals) {
    account.held = Held{at(begun), at(time), at(seen), {}};
    if (!totals->empty()) account.held->totals = unpack(*account.layout, *totals);
    account.tracker.restore(*account.held);
  }
  read_held_.reset();
  return totals.has_value();
}

/// Where its marks are damaged a series is one that nobody knows: its next sample is a mark, and nothing is invented.
void Ledger::give_up(Account& account) {
  account.tracker = {};
  account.rows.clear();
  account.held.reset();
  const auto [first, last] = rows_of(account.id);
  for (const char* table : {"life", "baseline"})
    Statement(database_, concat("DELETE FROM ", table, " WHERE id BETWEEN ?1 AND ?2"))
        .bind(1, first)
        .bind(2, last)
        .run();
  remove_held_.bind(1, account.id).run();
  account.lost_marks = true;
  ++damaged_;
}

void Ledger::note_attributes(Account& account, const Sample& sample) {
  if (account.series->attributes() != sample.series->attributes())
    change_attributes_.bind(1, account.id).bind(2, to_json(sample.series->attributes())).run();
  account.series = sample.series->shared_from_this();
}

Increase Ledger::step(Account& account, const Sample& sample) {
  Increase increase;
  increase.reason = Increase::Reason::repeated;
  increase.from = increase.since = sample.time;
  increase.amounts.resize(account.layout->counters.size());
  if (increase.amounts.empty()) return increase;
  const bool unknown = find_life(account, sample.epoch) == nullptr;
  if (sample.epoch != 0 && unknown && !adopt(account, sample)) return increase;
  if (unknown && std::exchange(account.lost_marks, false)) {
    // It may say that it began under the input's eyes, and was counted all the same.
    Sample mark = sample;
    mark.mark_only = true;
    mark.born = false;
    account.tracker.step(mark, increase);
  } else {
    account.tracker.step(sample, increase);
  }
  if (std::find(account.changed.begin(), account.changed.end(), sample.epoch) == account.changed.end())
    account.changed.push_back(sample.epoch);
  touch(account);
  return increase;
}

/// The series never had this life: it may have been known by another name until now, and then its baseline moves over.
/// False when the sample is a late one from before such a move, and counted already.
bool Ledger::adopt(Account& account, const Sample& sample) {
  write();
  const std::optional<Life> other = find_elsewhere(account, sample.epoch);
  if (!other) return true;
  // Lower and later: the source gave the same mark to another life.
  if (stands_below(sample, other->baseline)) return sample.time > other->baseline.time;
  change_seen_.bind(1, other->row >> life_bits).bind(2, unix_seconds(other->baseline.time)).run();
  move_away(other->row);
  account.tracker.restore(other->baseline);
  account.generation = ++generation_;
  ++moved_;
  return true;
}

std::optional<Ledger::Life> Ledger::find_elsewhere(Account& account, std::uint64_t epoch) {
  const Series& series = *account.series;
  find_epoch_.bind(1, sign(epoch)).bind(2, series.measurement().name()).bind(3, series.instance()).bind(4, account.id);
  if (!find_epoch_.step()) return {};
  const std::int64_t row = find_epoch_.integer(0), time = find_epoch_.integer(1);
  const auto totals = unseal(find_epoch_.bytes(2), {row, sign(epoch), time});
  if (!totals) {
    find_epoch_.reset();
    remove_life(row);
    account.lost_marks = true;
    ++damaged_;
    return {};
  }
  Life life{row, {epoch, at(time), unpack(*account.layout, *totals)}};
  find_epoch_.reset();
  return life;
}

void Ledger::touch(Account& account) {
  if (account.touched) return;
  account.touched = true;
  touched_.push_back(&account);
}

void Ledger::write() {
  for (Account* account : touched_) {
    for (const std::uint64_t epoch : account->changed) write_life(*account, epoch);
    if (account->tracker.held() != account->held) write_held(*account);
    account->changed.clear();
    account->cells.clear();
    account->touched = false;
    if (account->oldest != Timestamp::max() && unix_seconds(account->oldest) < account->first_seen) {
      account->first_seen = unix_seconds(account->oldest);
      change_first_.bind(1, account->id).bind(2, account->first_seen).run();
    }
    const std::int64_t seen = unix_seconds(account->newest);
    if (seen < account->last_seen + (account->layout->counters.empty() ? seen_grain_alone : seen_grain)) continue;
    change_seen_.bind(1, account->id).bind(2, seen).run();
    account->last_seen = seen;
  }
  touched_.clear();
  save_baselines();
}

/// Several in one statement, whose start and end cost as much as a row.
void Ledger::save_baselines() {
  const auto bind = [](Statement& to, int first, const Waiting& row, std::string_view totals) {
    to.bind(first, row.id).bind(first + 1, row.time).bind_borrowed_blob(first + 2, totals);
  };
  if (waiting_.size() >= rows_together && !save_baselines_) {
    std::string sql = "REPLACE INTO baseline VALUES(?, ?, ?)";
    for (std::size_t i = 1; i < rows_together; ++i) sql += ", (?, ?, ?)";
    save_baselines_.emplace(database_, sql);
  }
  std::string_view totals = blobs_;
  for (std::size_t i = 0; i < waiting_.size();) {
    const std::size_t rows = waiting_.size() - i >= rows_together ? rows_together : 1;
    Statement& save = rows == 1 ? save_baseline_ : *save_baselines_;
    for (std::size_t row = 0; row < rows; ++row, ++i) {
      bind(save, 1 + static_cast<int>(row) * 3, waiting_[i], totals.substr(0, waiting_[i].size));
      totals.remove_prefix(waiting_[i].size);
    }
    save.run();
  }
  waiting_.clear();
  blobs_.clear();
}

void Ledger::write_life(Account& account, std::uint64_t epoch) {
  const Baseline* life = find_life(account, epoch);
  if (life == nullptr) return;  // pushed out by newer ones since
  auto row = std::find_if(account.rows.begin(), account.rows.end(), [&](const auto& r) { return r.epoch == epoch; });
  pack(account, life->totals, row == account.rows.end() ? nullptr : &*row);
  if (row == account.rows.end()) {
    const std::int64_t id = account.next_row++;
    add_life_.bind(1, id).bind(2, sign(epoch)).run();
    row = account.rows.insert(row, {epoch, id});
  }
  seal(buffer_, {row->id, sign(epoch), stamp(life->time)});
  waiting_.push_back({row->id, stamp(life->time), buffer_.size()});
  blobs_ += buffer_;
  if (account.rows.size() <= CounterTracker::lives_kept) return;
  std::erase_if(account.rows, [&](const Account::Row& each) {
    if (find_life(account, each.epoch) != nullptr) return false;
    remove_life(each.id);
    return true;
  });
}

void Ledger::write_held(Account& account) {
  account.held = account.tracker.held();
  if (!account.held) {
    remove_held_.bind(1, account.id).run();
    return;
  }
  pack(account, account.held->totals, nullptr);
  if (account.held->totals.empty()) buffer_.clear();
  seal(buffer_, {account.id, stamp(account.held->begun), stamp(account.held->time), stamp(account.held->seen)});
  save_held_.bind(1, account.id).bind(2, stamp(account.held->begun)).bind(3, stamp(account.held->time));
  save_held_.bind(4, stamp(account.held->seen)).bind_blob(5, buffer_).run();
}

/// A life without totals stays behind, one a series, as the trace that it was counted: what comes next under its name
/// is no first sample.
void Ledger::move_away(std::int64_t row) {
  const auto [first, last] = rows_of(row >> life_bits);
  if (read_trace_.bind(1, first).bind(2, last).step()) {
    const std::int64_t old = read_trace_.integer(0);
    read_trace_.reset();
    remove_life(old);
  }
  leave_trace_.bind(1, row).run();
  buffer_.clear();
  seal(buffer_, {row, 0, 0});
  save_baseline_.bind(1, row).bind(2, std::int64_t{0}).bind_blob(3, buffer_).run();
}

void Ledger::remove_life(std::int64_t row) {
  remove_life_.bind(1, row).run();
  remove_baseline_.bind(1, row).run();
}

/// Into the buffer.
void Ledger::pack(const Account& account, const std::vector<std::uint64_t>& totals, const Account::Row* row) {
  const bool partly = !account.layout->complete && row != nullptr && read_totals_.bind(1, row->id).step();
  history::pack(*account.layout, totals, partly ? without_seal(read_totals_.bytes(0)) : std::string_view(), buffer_);
  if (partly) read_totals_.reset();
}

void Ledger::forget() {
  touched_.clear();
  accounts_.clear();
}

}  // namespace trafficd::history
