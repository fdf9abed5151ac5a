// The rules on what a plugin says of itself, held against plugins that say it wrong.

#include <functional>

#include "engine/document.hpp"
#include "good.hpp"
#include "readme_rules.hpp"

namespace trafficd::contract {

namespace {

/// What the plugin of the running check declares; a descriptor has no room for it.
Declarations declared;
PluginDescriptor declaring(PluginType type) {
  PluginDescriptor plugin = type == PluginType::input    ? described<GoodInput>()
                            : type == PluginType::output ? described<GoodOutput>()
                                                         : described<GoodStage>();
  plugin.declare = [] { return declared; };
  return plugin;
}

OptionDoc option(const std::string& name, const std::string& help = "What it does.") {
  OptionDoc doc;
  doc.name = name;
  doc.help = help;
  return doc;
}

MeasurementPtr measurement(const std::string& name, std::vector<FieldSpec> fields,
                           std::vector<std::string> tags = {"place"}, const std::string& help = "What it is.") {
  return make_measurement(name, help, std::move(fields), std::move(tags));
}

const FieldSpec good_field{"drops", Kind::counter, "By", "Drops of rain."};

/// The only fault of these declarations holds these words; no words: there is none.
void check_declared(Faults (*rule)(const PluginDescriptor&), Declarations now, const std::string& words,
                    PluginType type = PluginType::stage) {
  declared = std::move(now);
  if (type == PluginType::stage && declared.notes.empty()) declared.notes = "Says what it makes.";
  require_found(rule, {{declaring(type), words}});
}

}  // namespace

TEST_CASE("a descriptor that is not whole is found") {
  const auto with = [](const std::function<void(PluginDescriptor&)>& change) {
    PluginDescriptor plugin = described<GoodInput>();
    change(plugin);
    return plugin;
  };
  require_found(
      descriptor_faults,
      {{with([](PluginDescriptor&) {}), ""},
       {with([](PluginDescriptor& d) { d.size = 8; }), "another SDK"},
       {with([](PluginDescriptor& d) { d.sdk = TRAFFICD_SDK + 1; }), "another SDK"},
       {with([](PluginDescriptor& d) { d.name = "Weather"; }), "not snake_case"},
       {with([](PluginDescriptor& d) { d.name = "the__weather"; }), "not snake_case"},
       {with([](PluginDescriptor& d) { d.name = ""; }), "not snake_case"},
       {with([](PluginDescriptor& d) { d.help = "Weather"; }), "full stop"},
       {with([](PluginDescriptor& d) { d.help = "Two\nlines."; }), "full stop"},
       {with([](PluginDescriptor& d) { d.make_input = nullptr; }), "the maker of its kind"},
       {with([](PluginDescriptor& d) { d.make_stage = described<GoodStage>().make_stage; }), "the maker of its kind"},
       {with([](PluginDescriptor& d) { d.type = PluginType::output; }), "the maker of its kind"}});
}

TEST_CASE("a folder that is named otherwise or lacks a file is found") {
  const testing::TempFolder root;
  const PluginDescriptor plugin = described<GoodInput>();
  const std::vector<std::string> files = {"weather.cpp", "weather_test.cpp", "README.md", "sample.yaml"};
  const auto faults_of = [&](const std::string& folder, const std::string& missing) {
    for (const std::string& file : files)
      if (file != missing) root.write(folder + "/" + file, "");
    return folder_faults(plugin, root.path() / folder);
  };
  CHECK(faults_of("a/inputs/weather", "").text() == "");
  CHECK(faults_of("b/inputs/climate", "").text() == "its folder has another name\n");
  CHECK(faults_of("c/outputs/weather", "").text() == "its folder stands among another kind\n");
  int number = 0;
  for (const std::string& file : files)
    CHECK(faults_of(std::to_string(++number) + "/inputs/weather", file).text() == "its folder lacks " + file + "\n");
}

TEST_CASE("options with bad names, without help, or with names of the daemon are found") {
  check_declared(option_faults, {{option("good_name"), option("other2")}, {}, {}}, "");
  check_declared(option_faults, {{option("badName")}, {}, {}}, "'badName': its name is not snake_case");
  check_declared(option_faults, {{option("name", "")}, {}, {}}, "'name': its help");
  check_declared(option_faults, {{option("name", "no full stop")}, {}, {}}, "'name': its help");
  check_declared(option_faults, {{option("name"), option("name")}, {}, {}}, "declared twice");
  for (const char* name : {"plugin", "id", "interval", "tags", "max_series", "log", "on_start_error", "batch_size",
                           "flush_interval", "queue"})
    check_declared(option_faults, {{option(name)}, {}, {}}, "belongs to the daemon");
  OptionDoc both = option("name");
  both.required = true;
  both.default_text = "7";
  check_declared(option_faults, {{both}, {}, {}}, "is required and has a default");
  OptionDoc block = option("block");
  block.nested = {option("inner", "no full stop")};
  check_declared(option_faults, {{block}, {}, {}}, "'block.inner': its help");
}

TEST_CASE("measurements with bad names, units, tags or nothing to tell are found") {
  const auto check = [](const MeasurementPtr& each, const std::string& words) {
    check_declared(measurement_faults, {{}, {each}, {}}, words);
  };
  check(measurement("rain", {good_field}), "");
  check(measurement("Rain", {good_field}), "'Rain': its name is not snake_case");
  check(measurement("rain", {good_field}, {"place"}, "no full stop"), "'rain': its help");
  check(measurement("rain", {}), "has no field");
  check(measurement("rain", {good_field}, {"Place"}), "tag 'Place' is not snake_case");
  check(measurement("rain", {good_field}, {"time"}), "tag 'time' is a word of the history");
  check(measurement("rain", {good_field}, {"instance"}), "tag 'instance' is a word of the history");
  check(measurement("rain", {good_field}, {"place", "place"}), "'place' stands twice");
  check(measurement("rain", {good_field}, {"drops"}), "'drops' stands twice");
  check(measurement("rain", {good_field, good_field}), "'drops' stands twice");
  check(measurement("rain", {{"big-drops", Kind::counter, "By", "Drops."}}), "'big-drops': its name is not snake_case");
  check(measurement("rain", {{"drops", Kind::counter, "By", ""}}), "field 'drops': its help");
  check(measurement("rain", {{"drops", Kind::counter, "buckets", "Drops."}}), "unit 'buckets' is not known");
}

TEST_CASE("a plugin that does not say what it gives is found") {
  check_declared(measurement_faults, {}, "declares no measurement", PluginType::input);
  check_declared(measurement_faults, {{}, {}, "Gives what others say."}, "", PluginType::input);
  check_declared(measurement_faults, {{}, {measurement("rain", {good_field})}, {}}, "", PluginType::input);
  check_declared(measurement_faults, {}, "", PluginType::output);
  check_declared(measurement_faults, {{}, {}, "No full stop"}, "its notes", PluginType::stage);
  declared = {};
  require_found(measurement_faults, {{declaring(PluginType::stage), "does not say what it makes"}});
}

TEST_CASE("two plugins that declare one measurement otherwise are found") {
  const PluginDescriptor first = described<GoodInput>();
  PluginDescriptor second = declaring(PluginType::input);
  second.name = "climate";
  declared = {{}, {good_measurement()}, {}};
  CHECK(disagreement_faults({&first, &second}).text() == "");
  declared = {{}, {measurement("weather", {good_field})}, {}};
  CHECK(disagreement_faults({&first, &second}).text() ==
        "'weather' and 'climate' declare 'weather' with different fields or tags\n");
}

TEST_CASE("a README and a sample that lack something are found") {
  const PluginDescriptor plugin = described<GoodInput>();
  const std::string good = *with_fresh_tables(
      "# weather\n\nLooks out.\n\n## Needs\n\nA window.\n\n## Example\n\n```yaml\nplugin: weather\n```\n\n"
      "<!-- describe -->\n<!-- /describe -->\n",
      plugin);
  const auto without = [&](const std::string& part, const std::string& instead = "") {
    std::string text = good;
    REQUIRE(text.find(part) != std::string::npos);
    return readme_faults(plugin, text.replace(text.find(part), part.size(), instead)).text();
  };
  CHECK(readme_faults(plugin, good).text() == "");
  CHECK(without("# weather", "# climate").find("as its title") != std::string::npos);
  CHECK(without("Looks out.\n\n").find("does not say what the plugin is") != std::string::npos);
  CHECK(without("## Needs\n").find("'## Needs'") != std::string::npos);
  CHECK(without("## Example\n", "## Example\n\n## Example\n").find("'## Example'") != std::string::npos);
  CHECK(without("```yaml\n", "```\n").find("no configuration in its example") != std::string::npos);
  CHECK(without("<!-- /describe -->\n").find("needs one '<!-- describe -->'") != std::string::npos);
  CHECK(without("How high it is.", "How low it is.").find("not what the plugin declares") != std::string::npos);

  CHECK(sample_text_faults(plugin, "# Rain.\nplugin: weather\n").text() == "");
  CHECK(sample_text_faults(plugin, "plugin: weather\n").text().find("begin with a comment") != std::string::npos);
  CHECK(sample_text_faults(plugin, "# plugin: weather\nplugin: climate\n").text().find("name its plugin") !=
        std::string::npos);
}

}  // namespace trafficd::contract
