#pragma once
// Small parts that the texts of all reports are made of.

#include <set>
#include <string>
#include <string_view>

#include "history/table_style.hpp"
#include "trafficd/calendar.hpp"

namespace trafficd::history {

/// Columns that a text takes on the terminal: characters, not bytes.
std::size_t columns(std::string_view text);
/// Filled up with blanks to that many columns, at the front or at the end.
std::string right(const std::string& text, std::size_t width);
std::string left(const std::string& text, std::size_t width);

/// `\x1b[1m` for "1", and back; the text alone where the page has no colours.
std::string coloured(const TableStyle& style, const char* code, const std::string& text);

/// What a line is among the longest one: `whole` of `most`, of it `first` in the stronger colour. The page has `used`
/// columns without it; empty where there is no room, or nothing to show.
std::string bar(const TableStyle& style, std::size_t used, double whole, double first, double most);

/// The shortest text that reads back the same; of whole numbers without a point.
std::string shortest(double number);
/// For people: four digits tell enough of what is not whole.
std::string rounded(double number);
/// A gauge's value for people, by its unit. Seconds so large that they can only be counted from 1970 are a date.
std::string gauge_text(double value, const std::string& unit, const Zone& zone);

/// `2026-11-21 14:00`
std::string minute_text(Timestamp time, const Zone& zone);

/// Adds `"key":` to a JSON object unless it has the key already: names of sources may meet ours.
bool add_key(std::string& out, std::set<std::string_view>& keys, std::string_view key);

/// Quoted where needed; a text that a spreadsheet would take for a formula is led by an apostrophe, as it came from
/// the network.
std::string csv_cell(std::string_view text);

}  // namespace trafficd::history
