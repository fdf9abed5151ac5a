#pragma once
// A table for people: texts to the left, numbers to the right, and a bar behind each line where the page has room.

#include <string>
#include <vector>

#include "history/table_style.hpp"

namespace trafficd::history {

struct TextTable {
  struct Line {
    std::vector<std::string> texts;    ///< one per head; foreign text may stand there
    std::vector<std::string> numbers;  ///< one per head
    double whole = 0, first = 0;       ///< of the bar: all, and of that what has the stronger colour
  };
  std::vector<std::string> text_heads, number_heads;
  std::vector<Line> lines;
};

/// Nothing is cut. Columns of numbers for which the page is too narrow are left out from the end, but for the first;
/// a line below the table names them.
std::string to_text(const TextTable& table, const TableStyle& style);

}  // namespace trafficd::history
