#include "history/cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

constexpr std::int64_t absent = std::numeric_limits<std::int64_t>::min();
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

std::string upsert_sql(const Shape& shape, std::int64_t bucket) {
  std::string values = "?1, ?2", set = concat("\"@estimated\" = min(\"@estimated\" + ?2, ", bucket, ")");
  const std::vector<std::string> columns = shape.columns();
  const auto assign = [&](int slot, const char* before, const char* between, const char* after) {
    const std::string& name = columns[static_cast<std::size_t>(slot)];
    const std::string place = concat("?", slot + 3);
    values += ", " + place;
    set += concat(", ", name, " = ", before, name, between, place, after);
    return concat(name, ", ", place);
  };
  for (const Field& field : shape.fields) {
    const auto sum = [&](int slot) {
      const std::string& name = columns[static_cast<std::size_t>(slot)];
      const std::string place = concat("?", slot + 3), tail = concat(", ", place, ", ", name, ")");
      assign(slot, "coalesce(", " + ", tail.c_str());
    };
    sum(field.slot);
    if (field.kind != Kind::gauge) continue;
    sum(field.slot + 1);
    for (const int part : {2, 3}) {
      const std::string& name = columns[static_cast<std::size_t>(field.slot + part)];
      const std::string tail = concat("), ", name, ", ?", field.slot + part + 3, ")");
      assign(field.slot + part, part == 2 ? "coalesce(min(" : "coalesce(max(", ", ", tail.c_str());
    }
    const std::string& last = columns[static_cast<std::size_t>(field.slot + 4)];
    values += concat(", ?", field.slot + 7);
    set += concat(", ", last, " = coalesce(?", field.slot + 7, ", ", last, ")");
  }
  return concat("INSERT INTO ", shape.table(bucket), "(", shape.column_list(), ") VALUES(", values,
                ") ON CONFLICT(\"@key\") DO UPDATE SET ", set);
}

double least(double a, double b) { return std::isnan(a) || b < a ? b : a; }
double most(double a, double b) { return std::isnan(a) || b > a ? b : a; }
double plus(double a, double b) { return std::isnan(a) ? b : a + b; }

}  // namespace

TableWriter::TableWriter(Database& database, const Shape& shape, std::int64_t bucket)
    : shape_(&shape), bucket_(bucket), upsert_(database, upsert_sql(shape, bucket)) {}

std::uint32_t Cells::find_or_add(std::vector<std::uint32_t>& near, TableWriter& table, std::int64_t key) {
  for (auto cell = near.rbegin(); cell != near.rend(); ++cell)
    if (cells_[*cell].key == key && cells_[*cell].table == &table) return *cell;
  near.push_back(add(table, key));
  return near.back();
}

std::uint32_t Cells::add(TableWriter& table, std::int64_t key) {
  cells_.push_back({&table, key, 0, static_cast<std::uint32_t>(slots_.size())});
  for (const Field& field : table.shape().fields) {
    Slot empty{.amount = absent};
    if (field.kind == Kind::gauge) empty.real = nothing;
    slots_.insert(slots_.end(), static_cast<std::size_t>(field.slots()), empty);
  }
  return static_cast<std::uint32_t>(cells_.size() - 1);
}

void Cells::add_amount(std::uint32_t cell, const Field& field, std::uint64_t amount) {
  std::int64_t& sum = slots_[cells_[cell].first + static_cast<std::uint32_t>(field.slot)].amount;
  const std::int64_t known = sum == absent ? 0 : sum;
  if (__builtin_add_overflow(known, static_cast<std::int64_t>(amount), &sum))
    sum = std::numeric_limits<std::int64_t>::max();
}

void Cells::add_gauge(std::uint32_t cell, const Field& field, double value, bool stale) {
  Slot* slot = &slots_[cells_[cell].first + static_cast<std::uint32_t>(field.slot)];
  slot[0].real = plus(slot[0].real, value);
  slot[1].real = plus(slot[1].real, 1);
  slot[2].real = least(slot[2].real, value);
  slot[3].real = most(slot[3].real, value);
  if (!stale) slot[4].real = value;
}

void Cells::add_row(std::uint32_t cell, const Statement& row, int column) {
  add_estimated(cell, row.integer(column) * 1'000'000'000);
  for (const Field& field : cells_[cell].table->shape().fields) {
    const int first = column + 1 + field.slot;
    if (row.is_null(first)) continue;
    if (field.kind != Kind::gauge) {
      add_amount(cell, field, static_cast<std::uint64_t>(std::max<std::int64_t>(row.integer(first), 0)));
      continue;
    }
    Slot* slot = &slots_[cells_[cell].first + static_cast<std::uint32_t>(field.slot)];
    slot[0].real = plus(slot[0].real, row.real(first));
    slot[1].real = plus(slot[1].real, row.real(first + 1));
    slot[2].real = least(slot[2].real, row.real(first + 2));
    slot[3].real = most(slot[3].real, row.real(first + 3));
    if (!row.is_null(first + 4)) slot[4].real = row.real(first + 4);
  }
}

void Cells::write(const Cell& cell) {
  Statement& to = cell.table->upsert_;
  to.bind(1, cell.key);
  // A second is the grain of the mark; what is estimated at all shows as at least one.
  const std::int64_t seconds = cell.estimated == 0 ? 0 : std::max<std::int64_t>(1, (cell.estimated + 500'000'000) / 1'000'000'000);
  to.bind(2, std::min(seconds, cell.table->bucket()));
  const Slot* slot = &slots_[cell.first];
  for (const Field& field : cell.table->shape().fields) {
    if (field.kind == Kind::gauge) {
      for (int part = 0; part < 5; ++part) to.bind(field.slot + part + 3, slot[field.slot + part].real);
    } else if (slot[field.slot].amount == absent) {
      to.bind_null(field.slot + 3);
    } else {
      to.bind(field.slot + 3, slot[field.slot].amount);
    }
  }
  to.run();
}

void Cells::flush() {
  order_.resize(cells_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Cell &x = cells_[a], &y = cells_[b];
    return std::tie(x.table, x.key, a) < std::tie(y.table, y.key, b);  // of two with one key the later has the last word
  });
  for (const std::uint32_t cell : order_) write(cells_[cell]);
  clear();
}

void Cells::clear() {
  // One flood must not hold its memory for ever.
  if (cells_.capacity() > 65'536) {
    cells_ = {};
    slots_ = {};
    order_ = {};
  }
  cells_.clear();
  slots_.clear();
}

}  // namespace trafficd::history
