#include "lines/sample_maker.hpp"

#include <algorithm>
#include <cmath>

#include "trafficd/units.hpp"

namespace trafficd::common {

namespace {

using namespace std::chrono_literals;

constexpr Timestamp earliest{std::chrono::seconds(946'684'800)};  // 2000: what is before it was no nanoseconds
constexpr Duration far_ahead = 24h;
constexpr Duration forget = 10min, clean_pause = 1min;

std::string in_quotes(std::string_view name) { return concat('\'', name, '\''); }

/// A counter's value as it must be: unsigned. Absent when it is none.
Value count_of(const Value& value) {
  constexpr double exact = 0x1p53;
  if (value.is_unsigned()) return value;
  const double real = value.as_real();
  if (value.type() != Value::Type::real || real < 0 || real > exact || real != std::floor(real)) return {};
  return Value(static_cast<std::uint64_t>(real));
}

std::string time_fault(const Reading& reading, Timestamp now) {
  if (!reading.time) return {};
  if (*reading.time < earliest) return "the time is before 2000; it counts nanoseconds since 1970";
  if (*reading.time > now + far_ahead) return "the time is more than a day ahead; it counts nanoseconds since 1970";
  return {};
}

/// What makes a series, in one text; the parts cannot be mistaken for each other.
std::string key_of(const Reading& reading) {
  std::string key = reading.measurement;
  for (const Tag& tag : reading.tags)
    key += concat('\0', tag.key.size(), '=', tag.key, tag.value.size(), '=', tag.value);
  return key;
}

}  // namespace

SampleMaker::SampleMaker(Host& host, SampleRules rules)
    : host_(host), rules_(std::move(rules)), cleaned_(host.clock().steady()) {}

Result<Sample> SampleMaker::make(Reading reading, Timestamp now) {
  if (reading.measurement.size() > longest_name)
    return Error{concat("the name of a measurement has more than ", longest_name, " bytes")};
  if (reading.fields.empty())
    return Error{reading.left_out > 0 ? "no field is a number; what is no number belongs into a tag" : "has no fields"};
  std::string fault = time_fault(reading, now);
  if (fault.empty()) fault = settle_tags(reading);
  if (fault.empty()) fault = settle_fields(reading);
  if (!fault.empty()) return Error{std::move(fault)};
  auto measurement = measurement_of(reading);
  if (!measurement) return Error{measurement.error()};

  Sample sample{.series = series_of(*measurement, reading),
                .time = reading.time.value_or(now),
                .epoch = reading.epoch,
                .born = reading.born,
                .mark_only = reading.mark_only,
                .values = {}};
  sample.values.resize((*measurement)->fields().size());
  for (const Reading::Field& field : reading.fields) sample.values[*(*measurement)->field(field.name)] = field.value;
  return sample;
}

/// Which tags say what is meant: those that nobody calls attributes, and the instance of another daemon, without which
/// two of its series could be taken for one.
std::string SampleMaker::settle_tags(Reading& reading) const {
  if (!reading.instance.empty() && reading.instance != host_.id())
    reading.tags.push_back({"source", std::move(reading.instance)});
  if (reading.tags.size() + reading.attributes.size() > most_tags) return concat("has more than ", most_tags, " tags");
  const auto first = std::stable_partition(reading.tags.begin(), reading.tags.end(),
                                           [&](const Tag& tag) { return !glob_match(rules_.attributes, tag.key); });
  reading.attributes.insert(reading.attributes.end(), std::make_move_iterator(first),
                            std::make_move_iterator(reading.tags.end()));
  reading.tags.erase(first, reading.tags.end());
  for (Tags* tags : {&reading.tags, &reading.attributes}) {
    if (std::string fault = tag_name_fault(*tags); !fault.empty()) return "the tag " + fault;
    for (const Tag& tag : *tags)
      if (tag.key.empty() || tag.key.size() > longest_name || tag.value.size() > longest_tag)
        return concat("a tag has no name, a name of more than ", longest_name, " bytes or a value of more than ",
                      longest_tag);
    std::ranges::sort(*tags);
    const auto twice = std::ranges::adjacent_find(*tags, {}, &Tag::key);
    if (twice != tags->end()) return concat("the tag ", in_quotes(twice->key), " stands twice");
  }
  return {};
}

std::string SampleMaker::settle_fields(Reading& reading) const {
  for (Reading::Field& field : reading.fields) {
    if (field.name.empty() || field.name.size() > longest_name)
      return concat("a field has no name, or one of more than ", longest_name, " bytes");
    if (!field.kind) {
      field.kind = glob_match(rules_.counters, field.name) ? Kind::counter : Kind::gauge;
      if (*field.kind == Kind::counter) reading.traits = rules_.traits;
    }
    if (*field.kind == Kind::gauge) {
      if (field.typeless) field.value = Value(field.value.as_real());
      continue;
    }
    field.value = count_of(field.value);
    if (field.value.absent())
      return concat("the ", to_string(*field.kind), ' ', in_quotes(field.name), " is no whole number from 0 on");
  }
  return {};
}

/// Takes the reading's names into its family. A name is one kind of field, or a tag, for good.
std::string SampleMaker::widen(Family& family, const Reading& reading) const {
  std::vector<FieldSpec> fields = family.fields;
  for (const Reading::Field& field : reading.fields) {
    const auto known = std::ranges::find(fields, field.name, &FieldSpec::name);
    if (known == fields.end())
      fields.push_back({.name = field.name, .kind = *field.kind, .unit = {}, .help = {}});
    else if (known->kind != *field.kind)
      return concat("the field ", in_quotes(field.name), " was a ", to_string(known->kind), " before and is a ",
                    to_string(*field.kind), " now");
    if (family.tags.contains(field.name) || find_tag(reading.tags, field.name))
      return concat(in_quotes(field.name), " is the name of a tag and of a field");
  }
  if (fields.size() > most_fields)
    return concat("the measurement ", in_quotes(reading.measurement), " would have more than ", most_fields, " fields");
  for (const Tag& tag : reading.tags)
    if (std::ranges::find(fields, tag.key, &FieldSpec::name) != fields.end())
      return concat(in_quotes(tag.key), " is the name of a tag and of a field");
  family.fields = std::move(fields);
  return {};
}

Result<MeasurementPtr> SampleMaker::measurement_of(const Reading& reading) {
  const auto known = families_.find(reading.measurement);
  Family fresh;
  Family& family = known == families_.end() ? fresh : known->second;
  const auto has = [&](const Reading::Field& field) {
    return std::ranges::any_of(
        family.fields, [&](const FieldSpec& spec) { return spec.name == field.name && spec.kind == *field.kind; });
  };
  Keys keys;
  for (const Tag& tag : reading.tags) keys.push_back(tag.key);
  auto shape = family.by_tags.find(keys);
  if (shape == family.by_tags.end() && measurements_ >= most_measurements)
    return Error{concat("there are ", most_measurements,
                        " measurements already; what differs from line to line belongs into the value of a tag")};
  if (shape == family.by_tags.end() || !std::ranges::all_of(reading.fields, has))
    if (std::string fault = widen(family, reading); !fault.empty()) return Error{std::move(fault)};
  if (shape == family.by_tags.end()) {
    family.tags.insert(keys.begin(), keys.end());
    shape = family.by_tags.emplace(keys, nullptr).first;
    ++measurements_;
  }
  if (!shape->second || shape->second->fields().size() != family.fields.size())
    shape->second = make_measurement(reading.measurement, {}, family.fields, std::move(keys));
  const MeasurementPtr measurement = shape->second;
  if (known == families_.end()) families_.emplace(reading.measurement, std::move(fresh));
  return measurement;
}

SeriesPtr SampleMaker::series_of(const MeasurementPtr& measurement, const Reading& reading) {
  forget_old();
  std::string key = key_of(reading);
  const auto known = series_.find(key);
  if (known != series_.end()) {
    Known& entry = known->second;
    entry.seen = host_.clock().steady();
    if (entry.series->measurement_ptr() == measurement && entry.attributes == reading.attributes &&
        entry.traits == reading.traits)
      return entry.series;
    series_.erase(known);  // its handle counts: it goes before the next one is asked for
  }
  SeriesPtr made = host_.series(measurement, reading.tags, reading.attributes, reading.traits);
  // One too many is asked for again each time: there may be room by then.
  if (!made->muted())
    series_.emplace(std::move(key), Known{made, reading.attributes, reading.traits, host_.clock().steady()});
  return made;
}

void SampleMaker::forget_old() {
  const SteadyTime now = host_.clock().steady();
  if (now - cleaned_ < clean_pause) return;
  cleaned_ = now;
  std::erase_if(series_, [&](const auto& item) { return now - item.second.seen > forget; });
}

}  // namespace trafficd::common
