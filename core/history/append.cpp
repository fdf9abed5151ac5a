#include <algorithm>
#include <cmath>

#include "history/session.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

constexpr std::size_t most_cells = 16'384, most_layouts = 512;
// An increase over more fine buckets than this goes into the coarsest tier, and over more coarse ones than that
// several share one: after a year away a series must not make half a million rows.
constexpr std::int64_t most_fine = 120, most_coarse = 672;
constexpr std::uint64_t most_amount = std::uint64_t{1} << 62;
constexpr std::int64_t last_time = 7'258'118'400;  // the year 2200

Timestamp at(std::int64_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; }

/// A delta as whole units; nothing when it is absent or cannot be one.
std::optional<std::uint64_t> amount_of(const Value& value) {
  if (value.is_unsigned()) return std::min(value.as_unsigned(), most_amount);
  if (value.type() != Value::Type::real || !(value.as_real() >= 0 && value.as_real() < 0x1p62)) return {};
  return static_cast<std::uint64_t>(value.as_real());
}

}  // namespace

WriteResult Writer::Session::append(std::span<const Sample> batch, Timestamp now, Tally& tally) {
  upkeep(now);
  WriteResult result = WriteResult::all(batch);
  Tally counted = tally;
  const std::uint64_t moved_before = ledger_->moved(), damaged_before = ledger_->damaged();
  Transaction change(database_);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    std::string reason = add(batch[i], now, counted);
    if (!reason.empty()) {
      result.rejected.push_back(i);
      if (result.reject_reason.empty()) result.reject_reason = std::move(reason);
      continue;
    }
    if (cells_.size() > most_cells) flush();
  }
  flush();
  counted.forgotten += doubts_->trim();
  change.commit();
  secure_new_series(now);
  counted.moved += ledger_->moved() - moved_before;
  counted.damaged += ledger_->damaged() - damaged_before;
  tally = counted;
  return result;
}

/// Brings new series and their first marks from the log into the file itself: were the log lost or cut short, a mark
/// that is there makes up for it with the next sample; one that is not there begins anew. At most once a minute, and
/// every ten seconds while somebody who reads keeps a part of it in the log.
void Writer::Session::secure_new_series(Timestamp now) {
  if (ledger_->added() == secured_series_ || (now >= secured_at_ && now < secured_at_ + secure_pause_)) return;
  const std::uint64_t added = ledger_->added();
  const bool complete = database_.fold_log();
  if (complete) secured_series_ = added;
  secure_pause_ = complete ? std::chrono::minutes(1) : std::chrono::seconds(10);
  secured_at_ = now;
}

/// Answers why the sample can never be kept, or nothing.
std::string Writer::Session::add(const Sample& sample, Timestamp now, Tally& tally) {
  if (sample.time < Timestamp{} || unix_seconds(sample.time) >= last_time)
    return "the time is not between 1970 and 2200";
  std::string reason;
  const Layout* layout = layout_of(sample.series->measurement_ptr(), reason);
  if (layout == nullptr) return reason;
  Account* account = ledger_->account(sample, *layout);
  if (account == nullptr) return concat("this history holds ", series_mask, " series, which is all it can");

  Tables& tables = tables_.find(layout->shape->name)->second;
  Increase increase = ledger_->step(*account, sample);
  keep_believable(sample, increase);
  for (const Doubt& doubt : increase.doubts)
    if (doubts_->add(account->id, *layout, doubt)) ++tally.doubtful;
  add_increase(*account, tables, increase, sample.time, now);
  add_values(*account, tables, sample);
  account->newest = std::max(account->newest, sample.time);
  account->oldest = std::min(account->oldest, sample.time);
  return {};
}

/// No column could hold the rest of it: such an amount is set aside, what the other fields counted stays.
void Writer::Session::keep_believable(const Sample& sample, Increase& increase) const {
  const std::vector<FieldSpec>& fields = sample.series->measurement().fields();
  std::size_t counter = 0;
  for (std::size_t i = 0; i < fields.size() && counter < increase.amounts.size(); ++i) {
    if (fields[i].kind != Kind::counter) continue;
    std::uint64_t& amount = increase.amounts[counter++];
    if (amount <= most_amount) continue;
    const std::uint64_t after = total_of(sample.values[i]), before = after - amount;
    increase.doubts.push_back({doubt_id(sample, fields[i].name, before, after), counter - 1, sample.time, before, after,
                               amount, amount, "grew by more than can be believed"});
    amount = 0;
  }
}

const Layout* Writer::Session::layout_of(const MeasurementPtr& measurement, std::string& reason) {
  if (const auto known = layouts_.find(measurement.get()); known != layouts_.end()) return &known->second;
  reason = check_names(*measurement);
  if (!reason.empty()) return nullptr;
  const auto found = tables_.find(measurement->name());
  const auto& fields = measurement->fields();
  const bool fits = found != tables_.end() && std::all_of(fields.begin(), fields.end(), [&](const FieldSpec& field) {
                      const Field* kept = found->second.shape.find(field.name);
                      return kept != nullptr && kept->kind == field.kind;
                    });
  Shape shape = found == tables_.end() ? Shape{} : found->second.shape;
  if (!fits) reason = extend(database_, shape, *measurement, buckets());
  if (!reason.empty()) return nullptr;
  if (!fits || layouts_.size() >= most_layouts) {
    // Layouts and cells point into shapes: what waits is written and all of it let go before one changes.
    flush();
    ledger_->forget();
    layouts_.clear();
    Tables& tables = tables_[measurement->name()];
    tables.shape = std::move(shape);
    prepare_writers(tables);
  }
  return &layouts_.emplace(measurement.get(), make_layout(measurement, tables_.find(measurement->name())->second.shape))
              .first->second;
}

void Writer::Session::add_increase(Account& account, Tables& tables, const Increase& increase, Timestamp until,
                                   Timestamp now) {
  if (std::all_of(increase.amounts.begin(), increase.amounts.end(), [](std::uint64_t a) { return a == 0; })) return;
  lay_out(increase.from, until, now);
  const std::int64_t whole = (until - increase.from).count();
  const bool estimated = until - increase.since > gap_;
  left_ = increase.amounts;
  for (const Piece& piece : pieces_) {
    find_targets(account, tables, piece.tier, piece.start);
    const bool last = &piece == &pieces_.back();
    std::size_t counter = 0;
    for (const Layout::Item& item : account.layout->items) {
      if (item.counter < 0) continue;
      const std::uint64_t amount = last ? left_[counter] : share(increase.amounts[counter], piece.part, whole);
      left_[counter++] -= amount;
      for (const std::uint32_t cell : targets_) cells_.add_amount(cell, *item.field, amount);
    }
    if (!estimated) continue;
    for (const std::uint32_t cell : targets_) cells_.add_estimated(cell, std::max<std::int64_t>(piece.part, 1));
  }
  ledger_->touch(account);
}

/// Over which buckets of which tier the time from `from` to `to` is laid.
void Writer::Session::lay_out(Timestamp from, Timestamp to, Timestamp now) {
  pieces_.clear();
  const Level &fine = levels_.front(), &coarse = levels_.back();
  const std::size_t top = levels_.size() - 1;
  const Timestamp mark = at(coarse.mark);
  if (top == 0 || to - from <= std::chrono::seconds(fine.bucket * most_fine)) {
    append_pieces(pieces_, from, to, 0, fine.bucket, most_coarse);
  } else {
    if (from < mark) append_pieces(pieces_, from, std::min(mark, to), top, coarse.bucket, most_coarse);
    if (to > mark) append_pieces(pieces_, std::max(mark, from), to, 0, fine.bucket, most_coarse);
  }
  // A late sample that is older than the fine rows live has no business there.
  const std::int64_t oldest = unix_seconds(now) - fine.keep;
  for (Piece& piece : pieces_)
    if (top > 0 && piece.tier == 0 && piece.start < std::min(oldest, coarse.mark))
      piece = {top, piece.start / coarse.bucket * coarse.bucket, piece.part};
}

/// The cells for that bucket: in its own tier, and in each coarser one that is past it already. In each finer one it
/// lies in the last bucket, so that an edge within it cuts nothing off; all of that is before the mark and not rolled
/// up again.
void Writer::Session::find_targets(Account& account, Tables& tables, std::size_t tier, std::int64_t start) {
  targets_.clear();
  for (std::size_t level = 0; level < tier; ++level) {
    if (start < levels_[level].kept_from || start < unix_seconds(last_upkeep_) - levels_[level].keep) continue;
    const std::int64_t key = ((start + levels_[tier].bucket) / levels_[level].bucket - 1) << series_bits | account.id;
    targets_.push_back(cells_.find_or_add(account.cells, *tables.writers[level], key));
  }
  for (std::size_t level = tier; level < levels_.size(); ++level) {
    if (level != tier && start >= levels_[level].mark) continue;
    const std::int64_t key = (start / levels_[level].bucket) << series_bits | account.id;
    targets_.push_back(cells_.find_or_add(account.cells, *tables.writers[level], key));
  }
}

/// Gauges count in the bucket that holds their moment, deltas in the one that ends with it.
void Writer::Session::add_values(Account& account, Tables& tables, const Sample& sample) {
  const auto& items = account.layout->items;
  const bool stale = sample.time < account.newest;
  for (const Kind kind : {Kind::gauge, Kind::delta}) {
    targets_.clear();
    for (std::size_t i = 0; i < items.size() && i < sample.values.size(); ++i) {
      const Field& field = *items[i].field;
      if (field.kind != kind || sample.values[i].absent()) continue;
      const auto amount = kind == Kind::delta ? amount_of(sample.values[i]) : std::nullopt;
      const double value = sample.values[i].as_real();
      if (kind == Kind::delta ? !amount : !std::isfinite(value)) continue;
      if (targets_.empty()) {
        const Duration back{kind == Kind::delta && sample.time > Timestamp{} ? 1 : 0};
        const std::int64_t bucket = levels_.front().bucket;
        find_targets(account, tables, 0, unix_seconds(sample.time - back) / bucket * bucket);
        ledger_->touch(account);
      }
      for (const std::uint32_t cell : targets_)
        kind == Kind::delta ? cells_.add_amount(cell, field, *amount) : cells_.add_gauge(cell, field, value, stale);
    }
  }
}

void Writer::Session::flush() {
  cells_.flush();
  ledger_->write();
}

}  // namespace trafficd::history
