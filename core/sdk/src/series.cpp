#include "trafficd/series.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "trafficd/units.hpp"

namespace trafficd {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::counter: return "counter";
    case Kind::delta: return "delta";
    case Kind::gauge: break;
  }
  return "gauge";
}

std::optional<std::string_view> find_tag(const Tags& tags, std::string_view key) {
  for (const Tag& tag : tags)
    if (tag.key == key) return tag.value;
  return std::nullopt;
}

// The names that InfluxDB drops points for or keeps for itself, and the column that tells where a series came from.
std::string tag_name_fault(std::string_view key) {
  if (key == "time" || key == "instance" || key.starts_with('_'))
    return concat("'", key, "' is a name that outputs need for themselves; choose another");
  return {};
}

std::string tag_name_fault(const Tags& tags) {
  std::string all;
  for (const Tag& tag : tags)
    if (const std::string fault = tag_name_fault(tag.key); !fault.empty()) all += (all.empty() ? "" : "; ") + fault;
  return all;
}

std::optional<std::size_t> Measurement::field(std::string_view name) const {
  for (std::size_t i = 0; i < fields_.size(); ++i)
    if (fields_[i].name == name) return i;
  return std::nullopt;
}

bool Measurement::compatible(const Measurement& other) const {
  if (this == &other) return true;
  return name_ == other.name_ && identity_ == other.identity_ &&
         std::equal(fields_.begin(), fields_.end(), other.fields_.begin(), other.fields_.end(),
                    [](const FieldSpec& a, const FieldSpec& b) { return a.name == b.name && a.kind == b.kind; });
}

MeasurementPtr make_measurement(std::string name, std::string help, std::vector<FieldSpec> fields,
                                std::vector<std::string> identity) {
  std::shared_ptr<Measurement> made(new Measurement);
  std::sort(identity.begin(), identity.end());
  made->name_ = std::move(name);
  made->help_ = std::move(help);
  made->fields_ = std::move(fields);
  for (std::size_t i = 0; i < made->fields_.size(); ++i)
    if (made->fields_[i].kind == Kind::counter) made->counters_.push_back(i);
  made->identity_ = std::move(identity);
  return made;
}

namespace {

void mix(std::size_t& hash, std::string_view part) {
  hash ^= std::hash<std::string_view>{}(part) + 0x9e3779b97f4a7c15ULL + (hash << 6) + (hash >> 2);
}

/// Identity as the measurement declares it; what is left over goes to the attributes, which never shadow it.
void settle_tags(const Measurement& measurement, Tags& identity, Tags& attributes) {
  Tags settled;
  for (const std::string& key : measurement.identity()) {
    auto given = std::find_if(identity.begin(), identity.end(), [&](const Tag& tag) { return tag.key == key; });
    settled.push_back({key, given == identity.end() ? std::string{} : std::move(given->value)});
    if (given != identity.end()) identity.erase(given);
  }
  attributes.insert(attributes.begin(), std::make_move_iterator(identity.begin()),
                    std::make_move_iterator(identity.end()));
  identity = std::move(settled);
  std::stable_sort(attributes.begin(), attributes.end(), [](const Tag& a, const Tag& b) { return a.key < b.key; });
  auto repeated =
      std::unique(attributes.begin(), attributes.end(), [](const Tag& a, const Tag& b) { return a.key == b.key; });
  attributes.erase(repeated, attributes.end());
  std::erase_if(attributes, [&](const Tag& tag) { return find_tag(identity, tag.key).has_value(); });
}

}  // namespace

/// Keeps the count of handles for as long as copies of one live.
struct CountedHandle {
  CountedHandle(SeriesPtr made, std::shared_ptr<std::atomic<std::int64_t>> count)
      : series(std::move(made)), held(std::move(count)) {}
  ~CountedHandle() { held->fetch_sub(1, std::memory_order_relaxed); }
  CountedHandle(const CountedHandle&) = delete;
  CountedHandle& operator=(const CountedHandle&) = delete;

  const SeriesPtr series;
  const std::shared_ptr<std::atomic<std::int64_t>> held;
};

struct SeriesFactory {
  static SeriesPtr make(std::string instance, MeasurementPtr measurement, Tags identity, Tags attributes,
                        CounterTraits traits, std::shared_ptr<std::atomic<std::int64_t>> held, std::int64_t limit) {
    if (!measurement) throw std::invalid_argument("a series without a measurement");
    std::shared_ptr<Series> made(new Series);
    settle_tags(*measurement, identity, attributes);
    made->instance_ = std::move(instance);
    made->measurement_ = std::move(measurement);
    made->identity_ = std::move(identity);
    made->attributes_ = std::move(attributes);
    made->traits_ = traits;
    mix(made->hash_, made->instance_);
    mix(made->hash_, made->measurement_->name());
    for (const Tag& tag : made->identity_) mix(made->hash_, tag.value);
    if (!held) return made;
    made->muted_ = held->fetch_add(1, std::memory_order_relaxed) >= limit;
    const auto counted = std::make_shared<CountedHandle>(std::move(made), std::move(held));
    return {counted, counted->series.get()};
  }
};

SeriesPtr make_series(std::string instance, MeasurementPtr measurement, Tags identity, Tags attributes,
                      CounterTraits traits, std::shared_ptr<std::atomic<std::int64_t>> held, std::int64_t limit) {
  return SeriesFactory::make(std::move(instance), std::move(measurement), std::move(identity), std::move(attributes),
                             traits, std::move(held), limit);
}

std::optional<std::string_view> Series::tag(std::string_view key) const {
  if (auto value = find_tag(identity_, key)) return value;
  return find_tag(attributes_, key);
}

bool Series::fits(const std::vector<std::string>& measurements, const Tags& tags) const {
  return (measurements.empty() || glob_match(measurements, measurement_->name())) &&
         std::ranges::all_of(tags,
                             [&](const Tag& wanted) { return glob_match(wanted.value, tag(wanted.key).value_or("")); });
}

bool Series::same_identity(const Series& other) const {
  return this == &other || (hash_ == other.hash_ && instance_ == other.instance_ &&
                            measurement_->name() == other.measurement_->name() && identity_ == other.identity_);
}

}  // namespace trafficd
