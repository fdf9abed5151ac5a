#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "history/text_parts.hpp"
#include "history/usage_columns.hpp"
#include "history/usage_text.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
  return all;
}

/// Up to two minutes the seconds make a difference.
std::string span_words(double exact) {
  const std::int64_t seconds = std::llround(exact);
  if (seconds == 60) return "last minute";
  if (seconds < 120) return seconds == 1 ? "last second" : concat("last ", seconds, " seconds");
  return concat("last ", seconds / 60, " minutes");
}

/// One value alone says what it is; several are told with their tags.
std::string identity_text(const SeriesInfo& series) {
  if (series.identity.size() == 1) return printable(series.identity.front().value);
  std::string name;
  for (const Tag& tag : series.identity)
    name += concat(name.empty() ? "" : "  ", printable(tag.key), "=", printable(tag.value));
  return name;
}

struct Line {
  std::string label;
  bool estimated = false;
  std::vector<std::string> cells;
  std::string tail;  ///< a bar or words
};

struct Block {
  std::string head;  ///< none of a block that needs none
  std::vector<Line> lines;
};

/// Draws one answer: first all cells, then the columns that fit, then the bars into what is left.
class Table {
 public:
  Table(const Usage& usage, const Zone& zone, const TableStyle& style)
      : usage_(usage), zone_(zone), style_(style), columns_(table_columns(usage.measurement)) {
    for (const SeriesUsage& each : usage.series) ++alike_[identity_text(each.series)];
    pair_ = !columns_.empty() && columns_.back().fields.size() > 1;
  }
  std::string draw();

 private:
  std::string colour(const char* code, const std::string& text) const { return coloured(style_, code, text); }
  std::string name_of(const SeriesInfo& series) const;
  std::string head_of(const SeriesUsage& each) const;
  std::string label_of(const UsageRow& row) const;
  std::string label_head() const;
  std::string side_by_side(const std::vector<std::string>& cells) const;
  std::vector<std::string> tag_cells(const SeriesInfo& series) const;
  Line line(std::string label, const UsageRow& row, bool per_second) const;
  Line sum_of(const std::vector<UsageRow>& rows) const;
  Block periods_of(const SeriesUsage& each) const;
  Block lately_of_all();
  void fit_columns(const std::vector<Block>& blocks);
  void add_bars(Block& block, const std::vector<UsageRow>& rows) const;
  void print(const Block& block);

  const Usage& usage_;
  const Zone& zone_;
  const TableStyle& style_;
  std::vector<TableColumn> columns_;
  std::vector<std::size_t> widths_;      ///< of the columns that are shown
  std::vector<std::size_t> tag_widths_;  ///< of rates, which have a column per identity tag
  std::map<std::string, int> alike_;
  bool pair_ = false;  ///< received and sent bytes, which add up
  std::size_t label_width_ = 0, used_ = 0;
  std::string out_;
};

/// The instance is of interest only where it alone tells two series apart.
std::string Table::name_of(const SeriesInfo& series) const {
  const std::string name = identity_text(series);
  if (name.empty()) return printable(series.instance);
  return alike_.at(name) > 1 ? concat(name, " (", printable(series.instance), ")") : name;
}

std::string Table::head_of(const SeriesUsage& each) const {
  std::string line = colour("1", name_of(each.series));
  if (const auto given = find_tag(each.series.attributes, "name")) line += "  " + printable(*given);
  if (!pair_ || !each.lately) return line;
  const auto rate = [&](std::size_t i) { return cell(usage_.measurement, columns_[i], *each.lately, true, zone_); };
  return line + concat("   ", span_words(each.lately->seconds()), ": received ", rate(0), ", sent ", rate(1));
}

std::string Table::label_of(const UsageRow& row) const {
  const std::string name = label(row.period, usage_.unit, zone_);
  if (usage_.unit < Unit::day) return label(row.period, Unit::day, zone_) + " " + name;
  if (usage_.start_day == 1) return name;
  const Timestamp last = row.period.to - Duration{1};
  const std::string from = label(row.period, Unit::day, zone_), to = label({last, last}, Unit::day, zone_);
  const bool same_year = from.substr(0, 5) == to.substr(0, 5);
  return from + (style_.unicode ? " – " : " - ") + (same_year ? to.substr(5) : to);
}

std::string Table::label_head() const {
  if (usage_.lately) return side_by_side(usage_.measurement.identity);
  return usage_.unit == Unit::hour    ? "hour"
         : usage_.unit == Unit::day   ? "day"
         : usage_.unit == Unit::month ? "month"
                                      : "year";
}

Line Table::line(std::string label, const UsageRow& row, bool per_second) const {
  Line made{std::move(label), row.estimated > 0, {}, {}};
  for (const TableColumn& column : columns_)
    made.cells.push_back(cell(usage_.measurement, column, row, per_second, zone_));
  return made;
}

/// What cannot be added up has no sum.
Line Table::sum_of(const std::vector<UsageRow>& rows) const {
  UsageRow sum;
  sum.fields.resize(usage_.measurement.fields.size());
  for (const UsageRow& row : rows) {
    sum.estimated += row.estimated;
    // The service may have added a field after the measurement was read.
    for (std::size_t i = 0; i < std::min(row.fields.size(), sum.fields.size()); ++i)
      sum.fields[i].add(row.fields[i], usage_.measurement.fields[i].kind);
  }
  Line made = line("sum", sum, false);
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (is_gauge(usage_.measurement, columns_[i])) made.cells[i].clear();
  return made;
}

Block Table::periods_of(const SeriesUsage& each) const {
  Block block{head_of(each), {}};
  for (const UsageRow& row : each.rows) block.lines.push_back(line(label_of(row), row, false));
  const bool adds_up = !columns_.empty() && !is_gauge(usage_.measurement, columns_.front());
  if (each.rows.size() > 1 && adds_up) block.lines.push_back(sum_of(each.rows));
  return block;
}

/// What tells a series from the others, tag by tag.
std::vector<std::string> Table::tag_cells(const SeriesInfo& series) const {
  const auto& tags = usage_.measurement.identity;
  if (tags.size() < 2) return {name_of(series)};
  std::vector<std::string> cells;
  for (const std::string& tag : tags) cells.push_back(printable(find_tag(series.identity, tag).value_or("-")));
  if (alike_.at(identity_text(series)) > 1) cells.back() += concat(" (", printable(series.instance), ")");
  return cells;
}

std::string Table::side_by_side(const std::vector<std::string>& cells) const {
  std::string all;
  for (std::size_t i = 0; i + 1 < cells.size(); ++i) all += left(printable(cells[i]), tag_widths_[i]) + "  ";
  return cells.empty() ? all : all + printable(cells.back());
}

Block Table::lately_of_all() {
  for (const std::string& tag : usage_.measurement.identity) tag_widths_.push_back(columns(printable(tag)));
  for (const SeriesUsage& each : usage_.series) {
    if (!each.lately) continue;
    const std::vector<std::string> cells = tag_cells(each.series);
    for (std::size_t i = 0; i < std::min(cells.size(), tag_widths_.size()); ++i)
      tag_widths_[i] = std::max(tag_widths_[i], columns(cells[i]));
  }
  Block block;
  for (const SeriesUsage& each : usage_.series) {
    if (!each.lately) continue;
    block.lines.push_back(line(side_by_side(tag_cells(each.series)), *each.lately, true));
    block.lines.back().tail = colour("2", span_words(each.lately->seconds()));
  }
  return block;
}

/// Numbers are never cut; columns that do not fit are left out from the end. Bytes keep a width that does not change
/// from one look to the next.
void Table::fit_columns(const std::vector<Block>& blocks) {
  label_width_ = columns(label_head());
  for (const TableColumn& column : columns_)
    widths_.push_back(std::max<std::size_t>(columns(column.head), pair_ ? 10 : 0));
  for (const Block& block : blocks)
    for (const Line& each : block.lines) {
      label_width_ = std::max(label_width_, columns(each.label));
      for (std::size_t i = 0; i < columns_.size(); ++i) widths_[i] = std::max(widths_[i], columns(each.cells[i]));
    }
  used_ = 2 + label_width_ + 2;
  for (std::size_t i = 0; i < widths_.size(); ++i) {
    const std::size_t next = used_ + 2 + widths_[i];
    if (i > 0 && !pair_ && style_.width > 0 && next > style_.width)
      widths_.resize(i);
    else
      used_ = next;
  }
}

void Table::add_bars(Block& block, const std::vector<UsageRow>& rows) const {
  if (columns_.empty()) return;
  const TableColumn& column = pair_ ? columns_.back() : columns_.front();
  const auto whole = [&](const UsageRow& row) { return moved(usage_.measurement, column, row); };
  double most = 0;
  for (const UsageRow& row : rows) most = std::max(most, whole(row));
  for (std::size_t i = 0; i < rows.size(); ++i)
    block.lines[i].tail =
        bar(style_, used_, whole(rows[i]), moved(usage_.measurement, columns_.front(), rows[i]), most);
}

void Table::print(const Block& block) {
  if (!block.head.empty()) out_ += block.head + "\n";
  if (block.lines.empty()) {
    out_ += "  nothing in this time\n";
    return;
  }
  std::string head = "  " + left(label_head(), label_width_ + 2);
  for (std::size_t i = 0; i < widths_.size(); ++i) head += right(columns_[i].head, widths_[i] + 2);
  out_ += colour("2", head) + "\n";
  for (const Line& each : block.lines) {
    std::string text = "  " + left(each.label, label_width_) + (each.estimated ? " ~" : "  ");
    for (std::size_t i = 0; i < widths_.size(); ++i) text += right(each.cells[i], widths_[i] + 2);
    out_ += text + (each.tail.empty() ? "" : "  " + each.tail) + "\n";
  }
  out_ += "\n";
}

std::string Table::draw() {
  std::vector<Block> blocks;
  std::vector<const SeriesUsage*> shown;
  // Of many series those that moved something are of interest.
  for (const SeriesUsage& each : usage_.series)
    if (!usage_.lately && (usage_.series.size() == 1 || !each.rows.empty())) shown.push_back(&each);
  for (const SeriesUsage* each : shown) blocks.push_back(periods_of(*each));
  if (usage_.lately) blocks.push_back(lately_of_all());
  if (usage_.lately && blocks.back().lines.empty())
    return "nothing came in the last five minutes: is the service running?\n";
  fit_columns(blocks);
  for (std::size_t i = 0; i < shown.size(); ++i) add_bars(blocks[i], shown[i]->rows);
  for (const Block& block : blocks) print(block);
  if (out_.empty()) out_ = "nothing in this time\n";
  const auto estimated = [](const Line& each) { return each.estimated; };
  if (std::ranges::any_of(blocks, [&](const Block& block) { return std::ranges::any_of(block.lines, estimated); }))
    out_ += colour("2", "~ partly estimated: traffic of a time without samples, laid over it evenly") + "\n";
  std::vector<std::string> missing;
  for (std::size_t i = widths_.size(); i < columns_.size(); ++i)
    missing.push_back(usage_.measurement.fields[columns_[i].fields.front()].name);
  if (!missing.empty()) out_ += colour("2", "no room here for " + joined(missing, ", ") + ": --json shows all") + "\n";
  for (const std::string& note : usage_.notes) out_ += colour("2", note) + "\n";
  return std::move(out_);
}

}  // namespace

std::string to_table(const Usage& usage, const Zone& zone, const TableStyle& style) {
  return Table(usage, zone, style).draw();
}

}  // namespace trafficd::history
