#include "engine/declared_names.hpp"

#include <algorithm>

namespace trafficd {

DeclaredNames::DeclaredNames(const Settings& settings, Catalog& catalog, const PipelineSettings& pipeline) {
  for (const InstanceSettings& input : settings.inputs) {
    if (std::ranges::find(pipeline.inputs, input.id) == pipeline.inputs.end()) continue;
    const auto plugin = catalog.find(PluginType::input, input.plugin);
    const Declarations declared = plugin ? (*plugin)->declared : Declarations{};
    certain_ = certain_ && !declared.measurements.empty();
    for (const MeasurementPtr& measurement : declared.measurements) add(*measurement);
    for (const Tag& tag : input.tags) tags_.insert(tag.key);
  }
}

void DeclaredNames::add(const Measurement& measurement) {
  tags_.insert(measurement.identity().begin(), measurement.identity().end());
  std::vector<std::string>& counters = counters_[measurement.name()];
  for (const FieldSpec& field : measurement.fields())
    if (field.kind == Kind::counter) counters.push_back(field.name);
}

void DeclaredNames::add_stage(const Declarations& stage) {
  const auto before = counters_;
  for (const auto& [suffix, kind] : stage.suffixes)
    for (const auto& [name, counters] : before)
      if (!counters.empty())
        counters_.try_emplace(name + suffix, kind == Kind::counter ? counters : std::vector<std::string>{});
  for (const MeasurementPtr& measurement : stage.measurements) add(*measurement);
}

std::vector<std::string> DeclaredNames::fields() const {
  std::vector<std::string> all;
  for (const auto& [name, counters] : counters_) all.insert(all.end(), counters.begin(), counters.end());
  return all;
}

std::string DeclaredNames::fault(OptionDoc::Fits what, const std::string& pattern) const {
  const bool measurement = what == OptionDoc::Fits::measurement;
  if (!certain_ || (!measurement && what != OptionDoc::Fits::counter)) return {};
  std::vector<std::string> known = fields();
  if (measurement) {
    known.clear();
    for (const auto& [name, counters] : counters_) known.push_back(name);
  }
  if (std::ranges::any_of(known, [&](const std::string& name) { return glob_match(pattern, name); })) return {};
  const std::string near = nearest(pattern, known);
  return concat("'", pattern, "' fits no ", measurement ? "measurement" : "counter",
                " that comes through this pipeline", near.empty() ? "" : concat(", did you mean '", near, "'?"));
}

std::string DeclaredNames::tag_fault(const std::string& key) const {
  if (!certain_ || tags_.contains(key)) return {};
  const std::string near = nearest(key, {tags_.begin(), tags_.end()});
  return near.empty() ? ""
                      : concat("no plugin of this pipeline declares the tag '", key, "', did you mean '", near, "'?");
}

}  // namespace trafficd
