#include <algorithm>
#include <cmath>
#include <cstdint>

#include "history/json.hpp"
#include "history/text_parts.hpp"
#include "history/usage_text.hpp"
#include "trafficd/units.hpp"

namespace trafficd::history {

namespace {

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  while (count-- > 0) out += text;
  return out;
}

struct Column {
  std::string head;
  std::size_t field;
  bool bytes;
};

/// Draws one table; holds what all its parts need to know.
class Table {
 public:
  Table(const Usage& usage, const Zone& zone, const TableStyle& style) : usage_(usage), zone_(zone), style_(style) {
    choose_columns();
    label_width_ = usage.unit == Unit::day ? 10 : usage.unit == Unit::hour ? 16 : 7;
  }

  std::string draw() {
    // Of many series those that moved something are of interest.
    for (const SeriesUsage& each : usage_.series)
      if (usage_.series.size() == 1 || !each.rows.empty()) draw_series(each);
    if (out_.empty()) out_ = "nothing in this time\n";
    if (estimated_)
      out_ += colour("2", "~ partly estimated: traffic of a time without samples, laid over it evenly") + "\n";
    return std::move(out_);
  }

 private:
  void choose_columns();
  void draw_series(const SeriesUsage& each);
  void draw_head(const SeriesUsage& each);
  void draw_row(const std::string& name, const UsageRow& row, double most);
  std::string bar(const UsageRow& row, double most) const;
  std::string cell(const Column& column, const UsageRow& row) const;
  double total(const UsageRow& row) const;
  double value(const UsageRow& row, std::size_t column) const;
  std::string colour(const char* code, const std::string& text) const {
    return style_.colour ? concat("\x1b[", code, "m", text, "\x1b[0m") : text;
  }
  std::string name_of(const UsageRow& row) const;

  const Usage& usage_;
  const Zone& zone_;
  const TableStyle& style_;
  std::vector<Column> columns_;
  bool pair_ = false;  ///< received and sent bytes, which add up
  std::size_t label_width_ = 10, bar_width_ = 0;
  bool estimated_ = false;
  std::string out_;
};

constexpr std::size_t column_width = 12;

void Table::choose_columns() {
  const auto& fields = usage_.measurement.fields;
  const auto find = [&](std::string_view name) {
    return std::find_if(fields.begin(), fields.end(),
                        [&](const FieldInfo& f) { return f.name == name && f.kind != Kind::gauge; });
  };
  const auto rx = find("rx_bytes"), tx = find("tx_bytes");
  if (rx != fields.end() && tx != fields.end()) {
    pair_ = true;
    columns_ = {{"received", static_cast<std::size_t>(rx - fields.begin()), true},
                {"sent", static_cast<std::size_t>(tx - fields.begin()), true}};
    return;
  }
  for (const bool gauges : {false, true})
    for (std::size_t i = 0; i < fields.size() && columns_.size() < 4; ++i)
      if ((fields[i].kind == Kind::gauge) == gauges) columns_.push_back({fields[i].name, i, fields[i].unit == "By"});
}

double Table::value(const UsageRow& row, std::size_t column) const {
  const std::size_t field = columns_[column].field;
  if (field >= row.fields.size() || !row.fields[field].present) return 0;
  const FieldSum& sum = row.fields[field];
  return usage_.measurement.fields[field].kind == Kind::gauge ? sum.mean() : static_cast<double>(sum.amount);
}

double Table::total(const UsageRow& row) const {
  if (columns_.empty()) return 0;
  return pair_ ? value(row, 0) + value(row, 1) : value(row, 0);
}

std::string Table::cell(const Column& column, const UsageRow& row) const {
  const double amount = value(row, static_cast<std::size_t>(&column - columns_.data()));
  if (column.bytes) return human_bytes(amount);
  return amount == std::floor(amount) && std::abs(amount) < 0x1p53 ? std::to_string(static_cast<std::int64_t>(amount))
                                                                   : concat(std::round(amount * 100) / 100);
}

std::string Table::name_of(const UsageRow& row) const {
  const std::string name = label(row.period, usage_.unit, zone_);
  return usage_.unit == Unit::hour ? label(row.period, Unit::day, zone_) + " " + name : name;
}

std::string Table::bar(const UsageRow& row, double most) const {
  if (most <= 0 || bar_width_ == 0) return {};
  const double whole = total(row), first = pair_ ? value(row, 0) : whole;
  auto length = static_cast<std::size_t>(std::lround(whole / most * static_cast<double>(bar_width_)));
  if (whole > 0) length = std::max<std::size_t>(length, 1);
  auto solid = whole > 0 ? static_cast<std::size_t>(std::lround(first / whole * static_cast<double>(length))) : 0;
  solid = std::min(solid, length);
  return colour("32", repeat(style_.unicode ? "█" : "#", solid)) +
         (length > solid ? colour("34", repeat(style_.unicode ? "░" : "-", length - solid)) : "");
}

void Table::draw_head(const SeriesUsage& each) {
  std::string name;
  for (const Tag& tag : each.series.identity) name += (name.empty() ? "" : "  ") + printable(tag.value);
  std::string line = colour("1", name.empty() ? printable(each.series.instance) : name);
  if (const auto given = find_tag(each.series.attributes, "name")) line += "  " + printable(*given);
  const double seconds = each.rate.seconds;
  if (pair_ && seconds > 0) {
    const auto rate = [&](std::size_t column) {
      const UsageRow row{{}, 0, each.rate.fields};
      return human_rate(value(row, column) * 8 / seconds);
    };
    line += concat("   last minute: received ", rate(0), ", sent ", rate(1));
  }
  out_ += line + "\n";
}

void Table::draw_row(const std::string& name, const UsageRow& row, double most) {
  estimated_ = estimated_ || row.estimated > 0;
  std::string line = "  " + left(name, label_width_) + (row.estimated > 0 ? " ~" : "  ");
  for (const Column& column : columns_) line += right(cell(column, row), column_width);
  if (pair_) line += right(human_bytes(total(row)), column_width);
  const std::string drawn = most > 0 ? bar(row, most) : "";
  out_ += line + (drawn.empty() ? "" : "  " + drawn) + "\n";
}

void Table::draw_series(const SeriesUsage& each) {
  draw_head(each);
  if (each.rows.empty()) {
    out_ += "  nothing in this time\n";
    return;
  }
  for (const UsageRow& row : each.rows) label_width_ = std::max(label_width_, columns(name_of(row)));
  const std::size_t used = 2 + label_width_ + 2 + column_width * (columns_.size() + (pair_ ? 1 : 0)) + 2;
  bar_width_ = style_.width > used + 4 ? std::min<std::size_t>(style_.width - used, 40) : 0;
  const char* unit = usage_.unit == Unit::hour    ? "hour"
                     : usage_.unit == Unit::day   ? "day"
                     : usage_.unit == Unit::month ? "month"
                                                  : "year";
  std::string head = "  " + left(unit, label_width_ + 2);
  for (const Column& column : columns_) head += right(column.head.substr(0, column_width - 1), column_width);
  out_ += colour("2", head + (pair_ ? right("total", column_width) : "")) + "\n";
  double most = 0;
  UsageRow sum;
  sum.fields.resize(usage_.measurement.fields.size());
  for (const UsageRow& row : each.rows) {
    most = std::max(most, total(row));
    sum.estimated += row.estimated;
    for (std::size_t i = 0; i < row.fields.size(); ++i)
      sum.fields[i].add(row.fields[i], usage_.measurement.fields[i].kind);
  }
  for (const UsageRow& row : each.rows) draw_row(name_of(row), row, most);
  if (each.rows.size() > 1) draw_row("sum", sum, 0);
  out_ += "\n";
}

}  // namespace

std::string to_table(const Usage& usage, const Zone& zone, const TableStyle& style) {
  return Table(usage, zone, style).draw();
}

}  // namespace trafficd::history
