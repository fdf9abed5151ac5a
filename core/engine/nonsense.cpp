#include "engine/nonsense.hpp"

#include <cmath>
#include <set>

#include "trafficd/units.hpp"

namespace trafficd {

std::string shape_fault(const Measurement* measurement) {
  if (!measurement) return "there is none";
  if (measurement->name().empty()) return "it has no name";
  if (measurement->fields().empty()) return "it has no fields";
  std::set<std::string_view> names;
  for (const FieldSpec& field : measurement->fields()) {
    if (field.name.empty()) return "a field has no name";
    if (!names.insert(field.name).second) return concat("the field '", field.name, "' stands twice");
  }
  for (const std::string& tag : measurement->identity()) {
    if (tag.empty()) return "a tag has no name";
    if (std::string fault = tag_name_fault(tag); !fault.empty()) return fault;
    if (!names.insert(tag).second) return concat("the tag '", tag, "' has a name that is taken");
  }
  return {};
}

std::string sample_fault(const Sample& sample) {
  if (!sample.series) return "one without a series";
  const Measurement& measurement = sample.series->measurement();
  const std::vector<FieldSpec>& fields = measurement.fields();
  if (sample.values.size() != fields.size())
    return concat("one of '", measurement.name(), "' with ", sample.values.size(), " values for ", fields.size(),
                  " fields");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Value& value = sample.values[i];
    if (fields[i].kind != Kind::gauge && (value.type() == Value::Type::signed_integer || value.as_real() < 0))
      return concat("one of '", measurement.name(), "' whose ", to_string(fields[i].kind), " '", fields[i].name,
                    "' is below zero");
  }
  return {};
}

std::size_t clear_non_numbers(Sample& sample) {
  std::size_t cleared = 0;
  for (Value& value : sample.values)
    if (value.type() == Value::Type::real && !std::isfinite(value.as_real())) {
      value = {};
      ++cleared;
    }
  return cleared;
}

}  // namespace trafficd
