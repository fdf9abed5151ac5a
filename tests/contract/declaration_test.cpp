// What a plugin says of itself: names, help, options, measurements. One word for one thing everywhere.

#include <algorithm>
#include <map>
#include <set>

#include "contract.hpp"

namespace trafficd::contract {

namespace {

bool is_known_unit(const std::string& unit) {
  static const std::set<std::string> known = {"",    "1",  "By", "s",  "ms", "bit/s", "By/s",
                                              "dBm", "dB", "%",  "Hz", "V",  "Cel",   "1/s"};
  return known.contains(unit) || (unit.size() > 2 && unit.front() == '{' && unit.ends_with('}')) ||
         (unit.starts_with('{') && unit.ends_with("}/s"));
}

void check_options(const std::vector<OptionDoc>& options) {
  std::set<std::string> names;
  for (const OptionDoc& option : options) {
    INFO("option " << option.name);
    CHECK(is_snake_case(option.name));
    CHECK(is_sentence(option.help));
    CHECK(names.insert(option.name).second);
    CHECK_FALSE((option.required && !option.default_text.empty()));
    check_options(option.nested);
  }
}

void check_measurement(const Measurement& measurement) {
  INFO("measurement " << measurement.name());
  CHECK(is_snake_case(measurement.name()));
  CHECK(is_sentence(measurement.help()));
  CHECK_FALSE(measurement.fields().empty());
  std::set<std::string> names(measurement.identity().begin(), measurement.identity().end());
  CHECK(names.size() == measurement.identity().size());
  for (const std::string& tag : measurement.identity()) {
    INFO("tag " << tag);
    CHECK(is_snake_case(tag));
    CHECK(tag != "instance");
    CHECK(tag != "time");
  }
  for (const FieldSpec& field : measurement.fields()) {
    INFO("field " << field.name);
    CHECK(is_snake_case(field.name));
    CHECK(is_sentence(field.help));
    CHECK(is_known_unit(field.unit));
    CHECK(names.insert(field.name).second);
  }
}

}  // namespace

TEST_CASE("a descriptor is whole, and named like its folder") {
  REQUIRE_FALSE(plugin_table().empty());
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const PluginDescriptor& descriptor = *plugin.descriptor;
  CHECK(descriptor.size == sizeof(PluginDescriptor));
  CHECK(descriptor.sdk == TRAFFICD_SDK);
  CHECK(is_snake_case(descriptor.name));
  CHECK(is_sentence(descriptor.help));
  const std::filesystem::path folder = plugin.folder;
  CHECK(folder.filename() == descriptor.name);
  CHECK(folder.parent_path().filename() == std::string(to_string(descriptor.type)) + "s");
  CHECK((descriptor.make_input != nullptr) == (descriptor.type == PluginType::input));
  CHECK((descriptor.make_stage != nullptr) == (descriptor.type == PluginType::stage));
  CHECK((descriptor.make_output != nullptr) == (descriptor.type == PluginType::output));
  CHECK(std::filesystem::exists(folder / (std::string(descriptor.name) + ".cpp")));
  CHECK(std::filesystem::exists(folder / (std::string(descriptor.name) + "_test.cpp")));
}

TEST_CASE("options have names and help, and leave the daemon's own names alone") {
  const std::vector<std::string> daemon = {"plugin",     "id",  "interval",       "tags",  "max_series",
                                           "batch_size", "log", "flush_interval", "queue", "on_start_error"};
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const std::vector<OptionDoc> options = plugin.descriptor->declare().options;
  check_options(options);
  for (const OptionDoc& option : options) {
    INFO("option " << option.name);
    CHECK(std::ranges::find(daemon, option.name) == daemon.end());
  }
}

TEST_CASE("measurements have names, units and help") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const Declarations declarations = plugin.descriptor->declare();
  for (const MeasurementPtr& measurement : declarations.measurements) check_measurement(*measurement);
  if (plugin.descriptor->type == PluginType::input)
    CHECK_FALSE((declarations.measurements.empty() && declarations.notes.empty()));
  if (!declarations.notes.empty()) CHECK(is_sentence(declarations.notes));
}

TEST_CASE("two plugins that declare one measurement declare it alike") {
  std::map<std::string, MeasurementPtr> known;
  for (const TableEntry& plugin : plugin_table()) {
    INFO(title(plugin));
    for (const MeasurementPtr& measurement : plugin.descriptor->declare().measurements) {
      INFO("measurement " << measurement->name());
      CHECK(known.try_emplace(measurement->name(), measurement).first->second->compatible(*measurement));
    }
  }
}

}  // namespace trafficd::contract
