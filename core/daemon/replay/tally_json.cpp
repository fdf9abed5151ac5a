#include <map>
#include <set>
#include <utility>

#include "daemon/replay/tally_text.hpp"
#include "history/json.hpp"
#include "history/text_parts.hpp"
#include "trafficd/units.hpp"

namespace trafficd::replay {

namespace {

using history::add_key;
using Keys = std::set<std::string_view>;

/// Whole numbers without a point.
std::string number_text(const Value& value) {
  switch (value.type()) {
    case Value::Type::unsigned_integer: return std::to_string(value.as_unsigned());
    case Value::Type::signed_integer: return std::to_string(value.as_signed());
    case Value::Type::real: return history::shortest(value.as_real());
    case Value::Type::absent: break;
  }
  return "null";
}

void add_number(std::string& out, Keys& keys, std::string_view key, std::uint64_t number) {
  if (add_key(out, keys, key)) out += std::to_string(number);
}

void add_times(std::string& out, Keys& keys, const Reading& reading) {
  const auto add = [&](std::string_view key, const std::optional<Timestamp>& time) {
    if (time && add_key(out, keys, key))
      out += std::to_string(std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count());
  };
  add("from", reading.from);
  add("to", reading.to);
}

/// Without the brackets around it.
void add_row(std::string& out, Keys& keys, const Tally::Row& row, const Reading& reading) {
  for (const Tag& tag : row.series->identity())
    if (add_key(out, keys, tag.key)) history::append_json(out, tag.value);
  add_times(out, keys, reading);
  const auto& fields = row.series->measurement().fields();
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (!row.values[i].absent() && add_key(out, keys, fields[i].name)) out += number_text(row.values[i]);
  for (const Tag& tag : row.series->attributes())
    if (add_key(out, keys, tag.key)) history::append_json(out, tag.value);
}

/// Grows what is there: of a large recording it is most of what there is in memory.
void add_array(std::string& out, const Tally& tally, std::string_view measurement, const Reading& reading) {
  out += '[';
  bool first = true;
  for (const Tally::Row* row : tally.rows(measurement)) {
    Keys keys;
    out += std::exchange(first, false) ? "\n{" : ",\n{";
    add_row(out, keys, *row, reading);
    out += '}';
  }
  out += first ? "]" : "\n]";
}

/// By the names of the fields.
using Sums = std::map<std::string, std::uint64_t>;

std::string object_of(const Sums& sums) {
  std::string out = "{";
  Keys keys;
  for (const auto& [name, sum] : sums) add_number(out, keys, name, sum);
  return out;
}

std::string protocols(const Tally& tally) {
  struct Protocol {
    Sums all;
    std::map<std::string, Sums> families;
  };
  std::map<std::string, Protocol> found;
  for (const Tally::Row* row : tally.rows("protocol")) {
    const auto tag = [&](std::string_view key) { return std::string(row->series->tag(key).value_or("")); };
    Protocol& protocol = found[tag("protocol")];
    Sums& family = protocol.families[tag("family")];
    for (const std::size_t field : row->series->measurement().counters()) {
      const std::string& name = row->series->measurement().fields()[field].name;
      protocol.all[name] += row->values[field].as_unsigned();
      family[name] += row->values[field].as_unsigned();
    }
  }
  std::string out = "{";
  Keys names;
  for (const auto& [name, protocol] : found) {
    add_key(out, names, name);
    out += object_of(protocol.all);
    Keys families;
    for (const auto& [family, sums] : protocol.families)
      if (!protocol.all.contains(family) && add_key(out, families, family)) out += object_of(sums) + "}";
    out += '}';
  }
  return out + "}";
}

std::string capture(const Tally& tally, const Reading& reading) {
  std::string out = "{";
  Keys keys;
  for (const Tally::Row* row : tally.rows("capture")) add_row(out, keys, *row, reading);
  // Of a recording without packets nothing is told.
  for (const char* each : {"packets", "bytes", "undecoded", "unattributed_bytes"}) add_number(out, keys, each, 0);
  add_times(out, keys, reading);
  add_number(out, keys, "files", reading.files);
  add_number(out, keys, "damaged_files", reading.damaged_files);
  add_number(out, keys, "skipped_files", reading.skipped_files);
  add_number(out, keys, "bad_times", reading.bad_times);
  for (std::size_t i = 0; i < http_losses.size(); ++i)
    add_number(out, keys, http_losses[i].counter, reading.lost_of_http[i]);
  return out + "}";
}

}  // namespace

std::string to_json(const Tally& tally, const Reading& reading) {
  std::string out = "{";
  const auto add = [&](std::string_view key, std::string_view measurement) {
    if (out.size() > 1) out += ",\n";
    history::append_json(out, key);
    out += ':';
    add_array(out, tally, measurement, reading);
  };
  add("devices", "device");
  add("remotes", "remote");
  add("http", "http");
  out += concat(",\n\"protocols\":", protocols(tally), ",\n\"capture\":", capture(tally, reading));
  Keys keys{"devices", "remotes", "http", "protocols", "capture", "device", "remote", "protocol"};
  for (const MeasurementPtr& each : tally.measurements())
    if (keys.insert(each->name()).second) add(each->name(), each->name());
  return out + "}\n";
}

}  // namespace trafficd::replay
