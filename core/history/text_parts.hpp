#pragma once
// Small parts that the texts of all reports are made of.

#include <set>
#include <string>
#include <string_view>

#include "trafficd/calendar.hpp"

namespace trafficd::history {

/// Columns that a text takes on the terminal: characters, not bytes.
std::size_t columns(std::string_view text);
/// Filled up with blanks to that many columns, at the front or at the end.
std::string right(const std::string& text, std::size_t width);
std::string left(const std::string& text, std::size_t width);

/// `2026-11-21 14:00`
std::string minute_text(Timestamp time, const Zone& zone);

/// Adds `"key":` to a JSON object unless it has the key already: names of sources may meet ours.
bool add_key(std::string& out, std::set<std::string_view>& keys, std::string_view key);

/// Quoted where needed; a text that a spreadsheet would take for a formula is led by an apostrophe, as it came from
/// the network.
std::string csv_cell(std::string_view text);

}  // namespace trafficd::history
