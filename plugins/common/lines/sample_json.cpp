#include "lines/sample_json.hpp"

#include <boost/json.hpp>
#include <cmath>

#include "trafficd/text.hpp"
#include "trafficd/units.hpp"

namespace trafficd::common {

namespace {

namespace json = boost::json;

constexpr std::size_t deepest = 3;  // an object with objects, and one level more that is told instead of torn

std::string text_of(json::string_view text) { return {text.data(), text.size()}; }

std::optional<Value> number_in(const json::value& value) {
  switch (value.kind()) {
    case json::kind::int64: return Value(value.get_int64());
    case json::kind::uint64: return Value(value.get_uint64());
    case json::kind::double_: return Value(value.get_double());
    case json::kind::bool_: return Value(value.get_bool() ? 1 : 0);
    default: return std::nullopt;
  }
}

std::string read_tags(const json::value& value, Reading& reading) {
  if (!value.is_object()) return "expected an object under 'tags'";
  for (const auto& [key, content] : value.get_object()) {
    Tag tag{text_of(key), {}};
    if (content.is_null()) continue;
    if (content.is_string())
      tag.value = text_of(content.get_string());
    else if (const auto number = number_in(content); number && !content.is_bool())
      append_value(tag.value, *number);
    else if (content.is_bool())
      tag.value = content.get_bool() ? "true" : "false";
    else
      return concat("the tag '", tag.key, "' is no text");
    if (tag.key == "instance")
      reading.instance = std::move(tag.value);
    else
      reading.tags.push_back(std::move(tag));
  }
  return {};
}

std::string read_fields(const json::value& value, Reading& reading) {
  if (!value.is_object()) return "expected an object under 'fields'";
  for (const auto& [key, content] : value.get_object()) {
    const auto number = number_in(content);
    const bool finite = number && (number->type() != Value::Type::real || std::isfinite(number->as_real()));
    if (finite)
      reading.fields.push_back({.name = text_of(key), .value = *number});
    else if (number || content.is_string())
      ++reading.left_out;
    else if (!content.is_null())
      return concat("the field '", text_of(key), "' is no number");
  }
  return {};
}

std::string read_member(const std::string& key, const json::value& value, Reading& reading) {
  if (key == "tags") return read_tags(value, reading);
  if (key == "fields") return read_fields(value, reading);
  if (key == "measurement") {
    if (!value.is_string()) return "expected a text under 'measurement'";
    reading.measurement = text_of(value.get_string());
    return {};
  }
  if (key == "time") {
    if (value.is_null()) return {};
    if (!value.is_int64()) return "expected a whole number of nanoseconds under 'time'";
    reading.time = Timestamp(Duration(value.get_int64()));
    return {};
  }
  return concat("'", key, "' is not known; an object has measurement, tags, fields and time");
}

}  // namespace

Result<Reading> parse_sample_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = deepest;
  json::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error) return Error{concat("is no JSON: ", error.message())};
  if (!value.is_object()) return Error{"expected an object with measurement, tags, fields and time"};
  Reading reading;
  for (const auto& [key, member] : value.get_object())
    if (std::string fault = read_member(text_of(key), member, reading); !fault.empty()) return Error{std::move(fault)};
  if (reading.measurement.empty()) return Error{"the object has no 'measurement'"};
  return reading;
}

}  // namespace trafficd::common
