#include "history/ledger.hpp"

#include <algorithm>
#include <cstring>

#include "history/json.hpp"
#include "history/tiers.hpp"

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

void store(std::string& bytes, std::size_t place, std::uint64_t total) {
  for (std::size_t i = 0; i < 8; ++i) bytes[place * 8 + i] = static_cast<char>(total >> (8 * i));
}

std::uint64_t fetch(std::string_view bytes, std::size_t place) {
  if (bytes.size() < place * 8 + 8) return Baseline::unseen;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < 8; ++i)
    total |= std::uint64_t{static_cast<unsigned char>(bytes[place * 8 + i])} << (8 * i);
  return total;
}

const Baseline* find_life(const Account& account, std::uint64_t epoch) {
  for (const Baseline& life : account.tracker.baselines())
    if (life.epoch == epoch) return &life;
  return nullptr;
}

Timestamp at(std::int64_t stamp) { return Timestamp{Duration{stamp}}; }

std::vector<std::uint64_t> unpack(const Layout& layout, std::string_view bytes) {
  std::vector<std::uint64_t> totals;
  for (const int counter : layout.counters) totals.push_back(fetch(bytes, static_cast<std::size_t>(counter)));
  return totals;
}

}  // namespace

Layout make_layout(const MeasurementPtr& measurement, const Shape& shape) {
  Layout layout;
  layout.measurement = measurement;
  layout.shape = &shape;
  std::vector<bool> covered(static_cast<std::size_t>(shape.counters), false);
  for (const FieldSpec& spec : measurement->fields()) {
    int counter = 0;
    const Field* field = nullptr;
    for (const Field& known : shape.fields) {
      if (known.name == spec.name) {
        field = &known;
        break;
      }
      if (known.kind == Kind::counter) ++counter;
    }
    layout.items.push_back({field, spec.kind == Kind::counter ? counter : -1});
    if (spec.kind != Kind::counter) continue;
    layout.counters.push_back(counter);
    covered[static_cast<std::size_t>(counter)] = true;
  }
  layout.complete = std::find(covered.begin(), covered.end(), false) == covered.end();
  return layout;
}

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
      remove_traces_(database,
                     "DELETE FROM life WHERE id BETWEEN ?1 AND ?2 AND id NOT IN (SELECT id FROM baseline"
                     " WHERE id BETWEEN ?1 AND ?2)"),
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
  account.next_row = account.id << life_bits;
  read_lives_.bind(1, account.id << life_bits).bind(2, ((account.id + 1) << life_bits) - 1);
  while (read_lives_.step()) {
    account.next_row = std::max(account.next_row, read_lives_.integer(0) + 1);
    if (read_lives_.is_null(3)) {  // the trace of a life that moved away
      account.tracker.set_known();
      continue;
    }
    const std::uint64_t epoch = unsign(read_lives_.integer(1));
    account.rows.push_back({epoch, read_lives_.integer(0)});
    Baseline life{epoch, at(read_lives_.integer(2)), unpack(*account.layout, read_lives_.bytes(3))};
    account.newest = std::max(account.newest, life.time);
    account.tracker.restore(std::move(life));
  }
  read_held(account);
  account.generation = generation_;
}

void Ledger::read_held(Account& account) {
  account.held.reset();
  if (!read_held_.bind(1, account.id).step()) return;
  const std::string_view totals = read_held_.bytes(3);
  account.held = Held{at(read_held_.integer(0)), at(read_held_.integer(1)), at(read_held_.integer(2)), {}};
  if (!totals.empty()) account.held->totals = unpack(*account.layout, totals);
  read_held_.reset();
  account.tracker.restore(*account.held);
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
  if (sample.epoch != 0 && find_life(account, sample.epoch) == nullptr && !adopt(account, sample)) return increase;
  account.tracker.step(sample, increase);
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

std::optional<Ledger::Life> Ledger::find_elsewhere(const Account& account, std::uint64_t epoch) {
  const Series& series = *account.series;
  find_epoch_.bind(1, sign(epoch)).bind(2, series.measurement().name()).bind(3, series.instance()).bind(4, account.id);
  if (!find_epoch_.step()) return {};
  Life life{find_epoch_.integer(0), {epoch, at(find_epoch_.integer(1)), unpack(*account.layout, find_epoch_.bytes(2))}};
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
  save_held_.bind(1, account.id).bind(2, stamp(account.held->begun)).bind(3, stamp(account.held->time));
  save_held_.bind(4, stamp(account.held->seen)).bind_blob(5, buffer_).run();
}

/// A life without a baseline stays behind, one a series, as the trace that it was counted: what comes next under its
/// name is no first sample.
void Ledger::move_away(std::int64_t row) {
  const std::int64_t first = row >> life_bits << life_bits;
  remove_traces_.bind(1, first).bind(2, first + (std::int64_t{1} << life_bits) - 1).run();
  remove_baseline_.bind(1, row).run();
  leave_trace_.bind(1, row).run();
}

void Ledger::remove_life(std::int64_t row) {
  remove_life_.bind(1, row).run();
  remove_baseline_.bind(1, row).run();
}

/// The totals in the order of the file, eight bytes each, so that a row never changes its size and is written in place.
void Ledger::pack(const Account& account, const std::vector<std::uint64_t>& totals, const Account::Row* row) {
  const Layout& layout = *account.layout;
  buffer_.assign(static_cast<std::size_t>(layout.shape->counters) * 8, '\xff');
  if (!layout.complete && row != nullptr && read_totals_.bind(1, row->id).step()) {
    const std::string_view known = read_totals_.bytes(0);
    std::copy_n(known.begin(), std::min(known.size(), buffer_.size()), buffer_.begin());
    read_totals_.reset();
  }
  for (std::size_t i = 0; i < layout.counters.size() && i < totals.size(); ++i)
    store(buffer_, static_cast<std::size_t>(layout.counters[i]), totals[i]);
}

void Ledger::forget() {
  touched_.clear();
  accounts_.clear();
}

}  // namespace trafficd::history
