#include "history/cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

constexpr std::size_t rows_together = 8;

std::string upsert_sql(const Shape& shape, std::int64_t bucket, std::size_t rows) {
  const std::vector<std::string> columns = shape.columns();
  std::string values, set = concat("\"@estimated\" = min(\"@estimated\" + excluded.\"@estimated\", ", bucket, ")");
  for (std::size_t row = 0; row < rows; ++row) {
    values += row == 0 ? "(?" : ", (?";
    for (std::size_t i = 0; i < columns.size() + 1; ++i) values += ", ?";
    values += ")";
  }
  for (const Field& field : shape.fields) {
    const auto assign = [&](int part, const auto& make) {
      const std::string& column = columns[static_cast<std::size_t>(field.slot + part)];
      set += concat(", ", column, " = ", make(column, "excluded." + column));
    };
    using Text = const std::string&;
    const auto plus = [](Text old, Text add) { return concat(old, " + ", add); };
    if (field.kind != Kind::gauge) {
      assign(0, plus);
      continue;
    }
    const auto either = [](Text both, Text a, Text b) { return concat("coalesce(", both, ", ", a, ", ", b, ")"); };
    for (const int part : {0, 1}) assign(part, [&](Text old, Text add) { return either(plus(old, add), add, old); });
    assign(2, [&](Text old, Text add) { return either(concat("min(", old, ", ", add, ")"), add, old); });
    assign(3, [&](Text old, Text add) { return either(concat("max(", old, ", ", add, ")"), add, old); });
    assign(4, [&](Text old, Text add) { return concat("coalesce(", add, ", ", old, ")"); });
  }
  return concat("INSERT INTO ", shape.table(bucket), "(", shape.column_list(), ") VALUES", values,
                " ON CONFLICT(\"@key\") DO UPDATE SET ", set);
}

double least(double a, double b) { return std::isnan(a) || b < a ? b : a; }
double most(double a, double b) { return std::isnan(a) || b > a ? b : a; }
double plus(double a, double b) { return std::isnan(a) ? b : a + b; }

}  // namespace

TableWriter::TableWriter(Database& database, const Shape& shape, std::int64_t bucket)
    : database_(database), shape_(&shape), bucket_(bucket), upsert_(database, upsert_sql(shape, bucket, 1)) {}

Statement& TableWriter::upsert_many() {
  if (!upsert_many_) upsert_many_.emplace(database_, upsert_sql(*shape_, bucket_, rows_together));
  return *upsert_many_;
}

std::uint32_t Cells::find_or_add(std::vector<std::uint32_t>& near, TableWriter& table, std::int64_t key) {
  for (auto cell = near.rbegin(); cell != near.rend(); ++cell)
    if (cells_[*cell].key == key && cells_[*cell].table == &table) return *cell;
  near.push_back(add(table, key));
  return near.back();
}

std::uint32_t Cells::add(TableWriter& table, std::int64_t key) {
  cells_.push_back({&table, key, 0, static_cast<std::uint32_t>(slots_.size())});
  for (const Field& field : table.shape().fields) {
    Slot empty{.amount = 0};
    if (field.kind == Kind::gauge) empty.real = nothing;
    slots_.insert(slots_.end(), static_cast<std::size_t>(field.slots()), empty);
  }
  return static_cast<std::uint32_t>(cells_.size() - 1);
}

void Cells::add_amount(std::uint32_t cell, const Field& field, std::uint64_t amount) {
  std::int64_t& sum = slots_[cells_[cell].first + static_cast<std::uint32_t>(field.slot)].amount;
  if (__builtin_add_overflow(sum, static_cast<std::int64_t>(amount), &sum))
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

void Cells::bind(const Cell& cell, Statement& to, int first) const {
  to.bind(first, cell.key);
  // A second is the grain of the mark; what is estimated at all shows as at least one.
  const std::int64_t seconds =
      cell.estimated == 0 ? 0 : std::max<std::int64_t>(1, (cell.estimated + 500'000'000) / 1'000'000'000);
  to.bind(first + 1, std::min(seconds, cell.table->bucket()));
  const Slot* slot = &slots_[cell.first];
  for (const Field& field : cell.table->shape().fields)
    for (int part = field.slot; part < field.slot + field.slots(); ++part)
      field.kind == Kind::gauge ? to.bind(first + 2 + part, slot[part].real)
                                : to.bind(first + 2 + part, slot[part].amount);
}

/// Rows of one table: several in one statement, whose start and end cost as much as a row.
void Cells::write(std::span<const std::uint32_t> cells) {
  TableWriter& table = *cells_[cells.front()].table;
  const int columns = table.shape().slots + 2;
  while (cells.size() >= rows_together) {
    for (std::size_t row = 0; row < rows_together; ++row)
      bind(cells_[cells[row]], table.upsert_many(), 1 + static_cast<int>(row) * columns);
    table.upsert_many().run();
    cells = cells.subspan(rows_together);
  }
  for (const std::uint32_t cell : cells) {
    bind(cells_[cell], table.upsert_, 1);
    table.upsert_.run();
  }
}

void Cells::flush() {
  order_.resize(cells_.size());
  std::iota(order_.begin(), order_.end(), 0);
  std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Cell &x = cells_[a], &y = cells_[b];
    return std::tie(x.table, x.key, a) <
           std::tie(y.table, y.key, b);  // of two with one key the later has the last word
  });
  for (auto from = order_.begin(); from != order_.end();) {
    const auto to =
        std::find_if(from, order_.end(), [&](std::uint32_t c) { return cells_[c].table != cells_[*from].table; });
    write({from, to});
    from = to;
  }
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
