#include "derived/derived.hpp"

#include "trafficd/counter.hpp"
#include "trafficd/units.hpp"

namespace trafficd::derived {

namespace {

// The measurements that other sources may bring along are many; above this the shapes are learned anew.
constexpr std::size_t most_shapes = 1'000;

}  // namespace

ShapePtr Shapes::of(const MeasurementPtr& source) {
  if (known_.size() >= most_shapes) known_.clear();
  ShapePtr& shape = known_[source->name()];
  if (!shape || !shape->source->compatible(*source)) shape = make(source);
  return shape;
}

ShapePtr Shapes::make(const MeasurementPtr& source) const {
  auto shape = std::make_shared<Shape>();
  shape->source = source;
  const std::vector<std::size_t>& places = source->counters();
  std::vector<FieldSpec> specs;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const FieldSpec& counter = source->fields()[places[i]];
    if (!plan_.fields.empty() && !glob_match(plan_.fields, counter.name)) continue;
    shape->columns.push_back({places[i], i});
    specs.push_back(plan_.field(counter));
  }
  if (!specs.empty())
    shape->made = make_measurement(source->name() + plan_.suffix, concat(plan_.help, " ", source->name(), "."),
                                   std::move(specs), source->identity());
  return shape;
}

}  // namespace trafficd::derived
