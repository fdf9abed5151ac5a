#include "json.hpp"

#include <charconv>
#include <cmath>

#include "json/json_text.hpp"
#include "trafficd/text.hpp"

namespace trafficd {

namespace {

using common::append_json_text;

void append_tags(std::string& out, const Tags& tags) {
  for (const Tag& tag : tags) {
    // The instance keeps its place: a tag of that name would make the key stand twice.
    if (tag.key == "instance") continue;
    out += ',';
    append_json_text(out, tag.key);
    out += ':';
    append_json_text(out, tag.value);
  }
}

bool printable(const Value& value) {
  return !value.absent() && (value.type() != Value::Type::real || std::isfinite(value.as_real()));
}

}  // namespace

void append_sample_json(std::string& out, const Sample& sample) {
  const Series& series = *sample.series;
  out += "{\"measurement\":";
  append_json_text(out, series.measurement().name());
  out += ",\"tags\":{\"instance\":";
  append_json_text(out, series.instance());
  append_tags(out, series.identity());
  append_tags(out, series.attributes());
  out += "},\"fields\":{";
  const auto& fields = series.measurement().fields();
  bool first = true;
  for (std::size_t i = 0; i < fields.size() && i < sample.values.size(); ++i) {
    if (!printable(sample.values[i])) continue;
    if (!first) out += ',';
    first = false;
    append_json_text(out, fields[i].name);
    out += ':';
    append_value(out, sample.values[i]);
  }
  out += "},\"time\":";
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, sample.time.time_since_epoch().count()).ptr;
  out.append(digits, end);
  out += '}';
}

}  // namespace trafficd
