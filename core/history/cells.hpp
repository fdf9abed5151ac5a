#pragma once
// What waits to be written: one cell per series and bucket, however many samples fell into it. A flush is one upsert
// per cell, in the order of the keys, which is how a B-tree likes it.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "history/schema.hpp"
#include "trafficd/sample.hpp"

namespace trafficd::history {

/// Writes cells of one table; prepared once.
class TableWriter {
 public:
  TableWriter(Database& database, const Shape& shape, std::int64_t bucket);
  const Shape& shape() const { return *shape_; }
  std::int64_t bucket() const { return bucket_; }

 private:
  friend class Cells;
  Statement& upsert_many();
  Database& database_;
  const Shape* shape_;
  std::int64_t bucket_;
  Statement upsert_;
  std::optional<Statement> upsert_many_;  ///< made when there is use for it
};

class Cells {
 public:
  /// The cell of that series and bucket, made when missing. `near` is where the caller found its last cells.
  std::uint32_t find_or_add(std::vector<std::uint32_t>& near, TableWriter& table, std::int64_t key);
  std::uint32_t add(TableWriter& table, std::int64_t key);

  void add_amount(std::uint32_t cell, const Field& field, std::uint64_t amount);
  /// A `stale` value is older than one that is known already: it counts, but is not the last.
  void add_gauge(std::uint32_t cell, const Field& field, double value, bool stale);
  void add_estimated(std::uint32_t cell, std::int64_t nanoseconds) { cells_[cell].estimated += nanoseconds; }
  /// Adds a stored row: its columns stand in the statement from `column` on, the estimated seconds first.
  void add_row(std::uint32_t cell, const Statement& row, int column);

  std::size_t size() const { return cells_.size(); }
  /// Writes everything; the cells are gone afterwards.
  void flush();
  void clear();

 private:
  struct Cell {
    TableWriter* table;
    std::int64_t key;
    std::int64_t estimated = 0;  ///< nanoseconds
    std::uint32_t first;         ///< its slots begin here
  };
  // An absent part of a gauge is not a number, which SQLite keeps as NULL.
  union Slot {
    std::int64_t amount;
    double real;
  };
  void bind(const Cell& cell, Statement& to, int first) const;
  void write(std::span<const std::uint32_t> cells);
  std::vector<Cell> cells_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> order_;
};

}  // namespace trafficd::history
