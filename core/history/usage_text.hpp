#pragma once
// A usage answer as text: a table with bars for people, JSON and CSV for programs. Pure functions.

#include <string>

#include "history/table_style.hpp"
#include "history/usage.hpp"

namespace trafficd::history {

std::string to_table(const Usage& usage, const Zone& zone, const TableStyle& style);
/// One array of flat objects: `from` and `to` in unix seconds, tags under their own names, the values of
/// usage_columns.hpp, `estimated` in seconds.
std::string to_json(const Usage& usage);
/// A header and one line per series and period, with the columns of the JSON; identity tags only.
std::string to_csv(const Usage& usage);

}  // namespace trafficd::history
