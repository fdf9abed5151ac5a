#pragma once
// What the history file looks like: its mark, its version, the tables of each measurement and the views for people.
// README.md of this folder shows it as a reader of the file sees it.

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "history/database.hpp"
#include "trafficd/series.hpp"

namespace trafficd::history {

/// The file must not be touched: not ours, or made by a newer version.
struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr std::uint32_t application_id = 0x74726466;  // "trdf"

/// The low bits of a row's key are the series, the rest is the number of the bucket: rows are appended in time order.
constexpr int series_bits = 24;
constexpr std::int64_t series_mask = (std::int64_t{1} << series_bits) - 1;

/// A field as the file keeps it. Counters and deltas have one column, the increase; gauges have five: sum, count,
/// minimum, maximum and last.
struct Field {
  std::string name;
  Kind kind = Kind::gauge;
  std::string unit;
  int slot = 0;  ///< the first of its columns, counted from 0
  int slots() const { return kind == Kind::gauge ? 5 : 1; }
};

/// A measurement as the file keeps it: the fields of all that was ever declared under its name.
struct Shape {
  std::string name;
  std::vector<std::string> identity;
  std::vector<Field> fields;
  int slots = 0;
  int counters = 0;

  const Field* find(std::string_view field) const;
  void add(std::string field, Kind kind, std::string unit);
  std::string table(std::int64_t bucket) const;  ///< quoted
  std::vector<std::string> columns() const;      ///< quoted, in slot order
  std::vector<std::string> definitions() const;  ///< the same with their types
  std::string column_list() const;               ///< `"@key", "@estimated", …`
};

/// Checks the file's mark and version before anything is changed; then goes over to write-ahead logging, gives a new
/// file both and brings an older one up. Without `may_change` an older or empty file is refused. Throws Refusal or
/// DatabaseError.
void prepare_schema(Database& database, bool may_change);

std::map<std::string, Shape, std::less<>> load_shapes(Database& database);

/// Why a measurement cannot be kept; empty when it can. Names come from the network too.
std::string check_names(const Measurement& measurement);

/// Brings the tables of `shape` up to what `measurement` declares, for each bucket. Answers why not, or nothing.
std::string extend(Database& database, Shape& shape, const Measurement& measurement,
                   const std::vector<std::int64_t>& buckets);

/// Makes the tables of one bucket for a known measurement, where they are missing, and its view.
void make_table(Database& database, const Shape& shape, std::int64_t bucket);
void drop_table(Database& database, const Shape& shape, std::int64_t bucket);

}  // namespace trafficd::history
