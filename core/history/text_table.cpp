#include "history/text_table.hpp"

#include <algorithm>

#include "history/text_parts.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

/// Of each column what its widest cell takes.
std::vector<std::size_t> widths(const std::vector<std::string>& heads, const TextTable& table,
                                std::vector<std::string> TextTable::Line::*cells) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < heads.size(); ++i) {
    std::size_t widest = columns(heads[i]);
    for (const TextTable::Line& line : table.lines) widest = std::max(widest, columns(printable((line.*cells)[i])));
    out.push_back(widest);
  }
  return out;
}

}  // namespace

std::string to_text(const TextTable& table, const TableStyle& style) {
  const std::vector<std::size_t> texts = widths(table.text_heads, table, &TextTable::Line::texts);
  std::vector<std::size_t> numbers = widths(table.number_heads, table, &TextTable::Line::numbers);
  std::size_t used = 0;
  for (const std::size_t width : texts) used += (used == 0 ? 0 : 2) + width;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && style.width > 0 && used + 2 + numbers[i] > style.width)
      numbers.resize(i);
    else
      used += 2 + numbers[i];
  }
  const auto joined = [&](const std::vector<std::string>& left_cells, const std::vector<std::string>& right_cells) {
    std::string out;
    for (std::size_t i = 0; i < texts.size(); ++i)
      out += (i == 0 ? "" : "  ") + left(printable(left_cells[i]), texts[i]);
    for (std::size_t i = 0; i < numbers.size(); ++i) out += "  " + right(right_cells[i], numbers[i]);
    return out;
  };
  double most = 0;
  for (const TextTable::Line& line : table.lines) most = std::max(most, line.whole);
  std::string out = coloured(style, "2", joined(table.text_heads, table.number_heads)) + "\n";
  for (const TextTable::Line& line : table.lines) {
    const std::string tail = bar(style, used, line.whole, line.first, most);
    out += joined(line.texts, line.numbers) + (tail.empty() ? "" : "  " + tail) + "\n";
  }
  std::string missing;
  for (std::size_t i = numbers.size(); i < table.number_heads.size(); ++i)
    missing += (missing.empty() ? "" : ", ") + table.number_heads[i];
  if (!missing.empty()) out += coloured(style, "2", "no room here for " + missing + ": --json shows all") + "\n";
  return out;
}

}  // namespace trafficd::history
