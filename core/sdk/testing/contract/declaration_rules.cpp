// What a plugin says of itself: names, help, options, measurements. One word for one thing everywhere.

#include <filesystem>
#include <map>
#include <set>

#include "engine/settings.hpp"
#include "rules.hpp"
#include "trafficd/units.hpp"

namespace trafficd::contract {

namespace {

bool is_snake_case(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' && name.back() != '_' &&
         name.find("__") == std::string_view::npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

/// A sentence: one line that ends with a full stop.
bool is_sentence(std::string_view help) {
  return help.size() > 1 && help.ends_with('.') && help.find('\n') == std::string_view::npos;
}

void check_words(Faults& faults, const std::string& what, std::string_view name, std::string_view help) {
  faults.unless(is_snake_case(name), concat(what, ": its name is not snake_case"));
  faults.unless(is_sentence(help), concat(what, ": its help is not one line that ends with a full stop"));
}

bool is_known_unit(const std::string& unit) {
  static const std::set<std::string> known = {"",    "1",  "By", "s",  "ms", "bit/s", "By/s",
                                              "dBm", "dB", "%",  "Hz", "V",  "Cel",   "1/s"};
  return known.contains(unit) || (unit.size() > 2 && unit.front() == '{' && unit.ends_with('}')) ||
         (unit.starts_with('{') && unit.ends_with("}/s"));
}

void check_options(Faults& faults, const std::string& above, const std::vector<OptionDoc>& options) {
  std::set<std::string> names;
  for (const OptionDoc& option : options) {
    const std::string what = concat("option '", above, option.name, "'");
    check_words(faults, what, option.name, option.help);
    faults.unless(names.insert(option.name).second, concat(what, ": is declared twice"));
    faults.unless(!option.required || option.default_text.empty(), concat(what, ": is required and has a default"));
    check_options(faults, concat(above, option.name, '.'), option.nested);
  }
}

void check_measurement(Faults& faults, const Measurement& measurement) {
  const std::string what = concat("measurement '", measurement.name(), "'");
  check_words(faults, what, measurement.name(), measurement.help());
  faults.unless(!measurement.fields().empty(), concat(what, ": has no field"));
  std::set<std::string> names;
  for (const std::string& tag : measurement.identity()) {
    faults.unless(is_snake_case(tag), concat(what, ": tag '", tag, "' is not snake_case"));
    faults.unless(tag != "instance" && tag != "time", concat(what, ": tag '", tag, "' is a word of the history"));
    faults.unless(names.insert(tag).second, concat(what, ": '", tag, "' stands twice in it"));
  }
  for (const FieldSpec& field : measurement.fields()) {
    const std::string name = concat(what, ", field '", field.name, "'");
    check_words(faults, name, field.name, field.help);
    faults.unless(is_known_unit(field.unit),
                  concat(name, ": unit '", field.unit, "' is not known: By, s, bit/s, 1 and others are, and {packet}"));
    faults.unless(names.insert(field.name).second, concat(what, ": '", field.name, "' stands twice in it"));
  }
}

}  // namespace

Faults descriptor_faults(const PluginDescriptor& plugin) {
  Faults faults;
  faults.unless(plugin.size == sizeof(PluginDescriptor) && plugin.sdk == TRAFFICD_SDK,
                "its descriptor is that of another SDK");
  check_words(faults, "the plugin", plugin.name, plugin.help);
  const bool one_maker = (plugin.make_input != nullptr) == (plugin.type == PluginType::input) &&
                         (plugin.make_stage != nullptr) == (plugin.type == PluginType::stage) &&
                         (plugin.make_output != nullptr) == (plugin.type == PluginType::output);
  faults.unless(one_maker, "its descriptor must have the maker of its kind and no other");
  return faults;
}

Faults folder_faults(const PluginDescriptor& plugin, const std::filesystem::path& folder) {
  Faults faults;
  const std::string name = plugin.name;
  faults.unless(folder.filename() == name, "its folder has another name");
  faults.unless(folder.parent_path().filename() == concat(to_string(plugin.type), "s"),
                "its folder stands among another kind");
  for (const std::string& file : {concat(name, ".cpp"), concat(name, "_test.cpp"), std::string("README.md")})
    faults.unless(std::filesystem::exists(folder / file), concat("its folder lacks ", file));
  faults.unless(std::filesystem::exists(folder / "sample.yaml"), "its folder lacks sample.yaml");
  return faults;
}

Faults option_faults(const PluginDescriptor& plugin) {
  Faults faults;
  const std::vector<OptionDoc> options = plugin.declare().options;
  check_options(faults, "", options);
  std::set<std::string> daemon;
  for (const auto& part : {input_options(), stage_options(), output_options()})
    for (const OptionDoc& option : part) daemon.insert(option.name);
  for (const OptionDoc& option : options)
    faults.unless(!daemon.contains(option.name),
                  concat("option '", option.name, "': the name belongs to the daemon, which has it everywhere"));
  return faults;
}

Faults measurement_faults(const PluginDescriptor& plugin) {
  Faults faults;
  const Declarations declared = plugin.declare();
  for (const MeasurementPtr& measurement : declared.measurements) check_measurement(faults, *measurement);
  switch (plugin.type) {
    case PluginType::input:
      faults.unless(!declared.measurements.empty() || !declared.notes.empty(),
                    "it is an input and declares no measurement; 'notes' may say where they come from");
      break;
    case PluginType::stage:
      faults.unless(!declared.measurements.empty() || !declared.notes.empty(),
                    "it is a stage and does not say what it makes; 'notes' may say that it makes nothing");
      break;
    case PluginType::output: break;
  }
  faults.unless(declared.notes.empty() || is_sentence(declared.notes),
                "its notes are not one line that ends with a full stop");
  return faults;
}

Faults disagreement_faults(const std::vector<const PluginDescriptor*>& plugins) {
  Faults faults;
  std::map<std::string, std::pair<MeasurementPtr, std::string>> known;
  for (const PluginDescriptor* plugin : plugins)
    for (const MeasurementPtr& measurement : plugin->declare().measurements) {
      const auto& [first, other] = known.try_emplace(measurement->name(), measurement, plugin->name).first->second;
      faults.unless(first->compatible(*measurement), concat("'", other, "' and '", plugin->name, "' declare '",
                                                            measurement->name(), "' with different fields or tags"));
    }
  return faults;
}

}  // namespace trafficd::contract
