#pragma once
// What a usage answer shows of a measurement's fields: the columns that people see, and the values that programs get.

#include <string>
#include <vector>

#include "history/usage.hpp"

namespace trafficd::history {

/// A column for people. A counter is what moved; a gauge, which cannot be added up, is its last value.
struct TableColumn {
  std::string head;
  std::vector<std::size_t> fields;  ///< one; of a total those that it adds up
};

/// Received, sent and total where the measurement counts bytes both ways; else all fields, counters first.
std::vector<TableColumn> table_columns(const MeasurementInfo& measurement);
bool is_gauge(const MeasurementInfo& measurement, const TableColumn& column);
/// What moved in that row; 0 of a gauge.
double moved(const MeasurementInfo& measurement, const TableColumn& column, const UsageRow& row);
/// What moved, or per second; `-` where a gauge said nothing. Seconds so large that they can only be counted from 1970
/// are a date.
std::string cell(const MeasurementInfo& measurement, const TableColumn& column, const UsageRow& row, bool per_second,
                 const Zone& zone);

/// A value for programs. Names are unique: what a measurement calls its own goes before what is made here.
struct UsageValue {
  enum class Part : unsigned char { amount, rate, mean, min, max, last };
  std::string name;
  std::size_t field;
  Part part;
};

/// A counter is one value, with `lately` also `…_rate` per second. A gauge is its mean under its own name, and
/// `…_min`, `…_max` and `…_last`.
std::vector<UsageValue> usage_values(const Usage& usage);
/// Whole numbers without a point, others as the shortest text that reads back the same; empty where there is none.
std::string text_of(const UsageValue& value, const UsageRow& row);

}  // namespace trafficd::history
