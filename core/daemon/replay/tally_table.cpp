#include <algorithm>
#include <map>
#include <span>

#include "daemon/replay/tally_text.hpp"
#include "history/text_parts.hpp"
#include "history/text_table.hpp"
#include "trafficd/units.hpp"

namespace trafficd::replay {

namespace {

using history::TextTable;
using Rows = std::vector<const Tally::Row*>;

std::string plural(std::uint64_t number, std::string_view noun) {
  return concat(number, ' ', noun, number == 1 ? "" : "s");
}

std::string tag_of(const Tally::Row& row, std::string_view key) {
  return std::string(row.series->tag(key).value_or(""));
}

/// A device with all that it did, whatever the family.
struct Device {
  std::string name;
  bool gateway = false;
  double down = 0, up = 0, local = 0, multicast = 0, received = 0;
  double total() const { return down + up + local + multicast; }
  void add(const Device& other) {
    down += other.down;
    up += other.up;
    local += other.local;
    multicast += other.multicast;
    received += other.received;
  }
};

Device device_of(const Tally::Row& row) {
  Device device{.name = tag_of(row, "device"), .gateway = row.series->tag("gateway") == "yes"};
  const double rx = number_of(row, "rx_bytes"), tx = number_of(row, "tx_bytes");
  const std::string scope = tag_of(row, "scope");
  device.received = rx;
  if (scope == "internet") {
    device.down = rx;
    device.up = tx;
  } else {
    (scope == "local" ? device.local : device.multicast) = rx + tx;
  }
  return device;
}

/// The largest first, and `other` last.
std::vector<Device> devices_of(const Rows& rows) {
  std::map<std::string, Device> found;
  for (const Tally::Row* row : rows) {
    const Device part = device_of(*row);
    Device& device = found.try_emplace(part.name, Device{.name = part.name}).first->second;
    device.gateway = device.gateway || part.gateway;
    device.add(part);
  }
  std::vector<Device> devices;
  for (auto& [name, device] : found) devices.push_back(std::move(device));
  std::ranges::stable_sort(devices, [](const Device& a, const Device& b) {
    if ((a.name == "other") != (b.name == "other")) return b.name == "other";
    return a.total() > b.total();
  });
  return devices;
}

TextTable::Line line_of(const Device& device) {
  TextTable::Line line{.texts = {device.name + (device.gateway ? " *" : "")},
                       .numbers = {},
                       .whole = device.total(),
                       .first = device.received};
  for (const double bytes : {device.total(), device.down, device.up, device.local, device.multicast})
    line.numbers.push_back(human_bytes(bytes));
  return line;
}

/// How many lines stand before the one that adds up the rest.
std::size_t shown(std::size_t lines, std::size_t limit) { return limit == 0 || lines <= limit ? lines : limit; }

std::string device_table(const Rows& rows, const history::TableStyle& style, const TableChoice& choice) {
  const std::vector<Device> devices = devices_of(rows);
  TextTable table{.text_heads = {"device"}, .number_heads = {"total", "down", "up", "local", "multicast"}, .lines = {}};
  const std::size_t most = shown(devices.size(), choice.limit);
  for (std::size_t i = 0; i < most; ++i) table.lines.push_back(line_of(devices[i]));
  Device rest{.name = concat(devices.size() - most, " more")};
  for (std::size_t i = most; i < devices.size(); ++i) rest.add(devices[i]);
  if (most < devices.size()) {
    table.lines.push_back(line_of(rest));
    table.lines.back().whole = 0;  // it is no device to compare with
  }
  std::string out = to_text(table, style);
  if (std::ranges::any_of(devices, &Device::gateway))
    out += coloured(style, "2", "* gateway: what it carries counts for the devices behind it") + "\n";
  return out;
}

/// Which tags people want to see, in which order; those of a measurement that is not known here are in their own.
std::vector<std::string> shown_tags(const Measurement& measurement) {
  static const std::map<std::string, std::vector<std::string>, std::less<>> known = {
      {"device", {"device", "family", "scope"}},
      {"protocol", {"protocol", "family"}},
      {"remote", {"address"}},
      {"http", {"server", "section", "method", "status"}}};
  if (const auto found = known.find(measurement.name()); found != known.end()) return found->second;
  std::vector<std::string> tags = measurement.identity();
  std::erase(tags, "interface");
  return tags.empty() ? measurement.identity() : tags;
}

struct Column {
  std::string head;
  std::vector<std::size_t> fields;  ///< that it adds up
};

/// As in a report: bytes of both ways and their total, else all fields, counters first.
std::vector<Column> shown_columns(const Measurement& measurement) {
  const auto rx = measurement.field("rx_bytes"), tx = measurement.field("tx_bytes");
  if (rx && tx) return {{"total", {*rx, *tx}}, {"received", {*rx}}, {"sent", {*tx}}};
  // Cells have their unit.
  const auto head = [](const FieldSpec& field) {
    constexpr std::string_view ending = "_bytes";
    return field.name.ends_with(ending) ? field.name.substr(0, field.name.size() - ending.size()) : field.name;
  };
  std::vector<Column> columns;
  for (const bool gauges : {false, true})
    for (std::size_t i = 0; i < measurement.fields().size(); ++i)
      if (const FieldSpec& field = measurement.fields()[i]; (field.kind == Kind::gauge) == gauges)
        columns.push_back({head(field), {i}});
  return columns;
}

/// What several rows have in a column; a gauge has no sum.
std::string cell(const Column& column, std::span<const Tally::Row* const> rows, const Zone& zone) {
  const FieldSpec& field = rows.front()->series->measurement().fields()[column.fields.front()];
  const Value& first = rows.front()->values[column.fields.front()];
  if (field.kind == Kind::gauge)
    return rows.size() > 1 || first.absent() ? "-" : history::gauge_text(first.as_real(), field.unit, zone);
  double sum = 0;
  for (const Tally::Row* row : rows)
    for (const std::size_t each : column.fields) sum += row->values[each].as_real();
  return field.unit == "By" ? human_bytes(sum) : history::rounded(sum);
}

std::string measurement_table(const Rows& rows, const Zone& zone, const history::TableStyle& style,
                              const TableChoice& choice) {
  const Measurement& measurement = rows.front()->series->measurement();
  const std::vector<std::string> tags = shown_tags(measurement);
  const std::vector<Column> columns = shown_columns(measurement);
  TextTable table{.text_heads = tags, .number_heads = {}, .lines = {}};
  for (const Column& column : columns) table.number_heads.push_back(column.head);
  const auto add = [&](std::vector<std::string> texts, std::span<const Tally::Row* const> of, double whole) {
    TextTable::Line line{.texts = std::move(texts), .numbers = {}, .whole = whole, .first = whole};
    if (whole > 0 && measurement.field("rx_bytes")) line.first = number_of(*of.front(), "rx_bytes");
    for (const Column& column : columns) line.numbers.push_back(cell(column, of, zone));
    table.lines.push_back(std::move(line));
  };
  const std::size_t most = shown(rows.size(), choice.limit);
  for (std::size_t i = 0; i < most; ++i) {
    std::vector<std::string> texts;
    for (const std::string& tag : tags) texts.push_back(tag_of(*rows[i], tag));
    add(std::move(texts), {&rows[i], 1}, Tally::weight(*rows[i]));
  }
  if (most < rows.size()) {
    std::vector<std::string> texts(tags.size());
    if (!texts.empty()) texts.front() = concat(rows.size() - most, " more");
    add(std::move(texts), std::span(rows).subspan(most), 0);
  }
  return to_text(table, style);
}

/// `, from 2026-11-21 14:00 to 2026-11-21 14:05`; where that is less than two minutes, how long.
std::string span_of(const Reading& reading, const Zone& zone) {
  if (!reading.from || !reading.to) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*reading.to - *reading.from).count();
  const std::string from = history::minute_text(*reading.from, zone), to = history::minute_text(*reading.to, zone);
  if (seconds < 1) return concat(", at ", from);
  if (seconds < 120) return concat(", ", plural(static_cast<std::uint64_t>(seconds), "second"), " from ", from, " on");
  return concat(", from ", from, " to ", to);
}

std::string capture_lines(const Tally& tally, const Reading& reading, const Zone& zone) {
  double packets = 0, bytes = 0, unattributed = 0, undecoded = 0;
  for (const Tally::Row* row : tally.rows("capture")) {
    packets += number_of(*row, "packets");
    bytes += number_of(*row, "bytes");
    unattributed += number_of(*row, "unattributed_bytes");
    undecoded += number_of(*row, "undecoded");
  }
  const auto count = [](double number) { return static_cast<std::uint64_t>(number); };
  if (packets == 0) return "no packets\n";
  std::string out = concat(plural(count(packets), "packet"), ", ", human_bytes(bytes), span_of(reading, zone), "\n");
  if (unattributed > 0)
    out += concat(human_bytes(unattributed),
                  " of it belong to no device: what gateways passed on, is between others, or does not say whose it "
                  "is\n");
  if (undecoded > 0) out += concat(plural(count(undecoded), "packet"), " cut off or without sense\n");
  if (reading.bad_times > 0)
    out += concat(plural(reading.bad_times, "packet"), " with a time that cannot be one, or far from all others\n");
  return out;
}

std::string http_line(const Reading& reading) {
  std::string out;
  for (std::size_t i = 0; i < http_losses.size(); ++i)
    if (const std::uint64_t lost = reading.lost_of_http[i]; lost > 0)
      out += concat(out.empty() ? "HTTP may be incomplete: " : ", ", plural(lost, http_losses[i].noun), " ",
                    http_losses[i].trouble);
  return out.empty() ? out : out + "\n";
}

/// What the tables that were counted in had no room for.
std::string room_line(const Rows& devices, const Rows& http, const Reading& reading) {
  const auto has_other = [](const Rows& rows, const char* tag) {
    return !rows.empty() && tag_of(*rows.back(), tag) == "other";  // it would be the last
  };
  const bool of_devices = has_other(devices, "device"), of_http = has_other(http, "section");
  if (!of_devices && !of_http) return {};
  return concat("'other' are ", of_devices ? "devices" : "", of_devices && of_http ? " and " : "",
                of_http ? "requests" : "", " for which ", reading.max_rows, " rows were too few: raise --max-rows\n");
}

}  // namespace

std::string to_table(const Tally& tally, const Reading& reading, const Zone& zone, const history::TableStyle& style,
                     const TableChoice& choice) {
  std::string out;
  const Rows devices = tally.rows("device");
  if (!devices.empty())
    out +=
        (choice.detail ? measurement_table(devices, zone, style, choice) : device_table(devices, style, choice)) + "\n";
  for (const MeasurementPtr& each : tally.measurements())
    if (each->name() != "device" && each->name() != "capture")
      out += measurement_table(tally.rows(each->name()), zone, style, choice) + "\n";
  return out + capture_lines(tally, reading, zone) + http_line(reading) +
         room_line(devices, tally.rows("http"), reading);
}

}  // namespace trafficd::replay
