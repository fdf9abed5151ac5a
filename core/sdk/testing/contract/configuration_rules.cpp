// How a plugin takes its configuration: what it accepts is declared, what is wrong is told all at once, each with its
// place, and reading it touches nothing.

#include <filesystem>
#include <optional>
#include <set>

#include "own_options.hpp"
#include "rules.hpp"
#include "traces.hpp"
#include "trafficd/testing/bench.hpp"
#include "trafficd/testing/golden.hpp"
#include "trafficd/units.hpp"

namespace trafficd::contract {

namespace fs = std::filesystem;
using testing::Bench;

namespace {

void replace_all(std::string& text, std::string_view from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// What the configuration is refused with; nothing when it is accepted.
std::optional<Problems> problems_of(const PluginDescriptor& plugin, const std::string& yaml) {
  try {
    const Bench bench(plugin, yaml);
    return {};
  } catch (const ConfigError& error) {
    return error.problems();
  }
}

void check_construction(Faults& faults, const PluginDescriptor& plugin, const Configuration& configuration) {
  const ConfigNode node = own_options(configuration.yaml);
  testing::TestHost host;
  const Held before = held_now();
  {
    const testing::Instance instance(plugin, node, host);
    faults.unless(held_now() == before, "the constructor leaves a descriptor open or a thread running");
    faults.unless(fs::is_empty(host.state_folder()), "the constructor writes into the state folder");
    faults.unless(host.state().keys().empty(), "the constructor writes state");
  }
  faults.unless(held_now() == before, "the destructor of an instance that was never opened leaves something open");
  const std::string call = forbidden_call([&] { const testing::Instance instance(plugin, node, host); });
  faults.unless(call.empty(), concat("the constructor touches the system: it calls ", call));
}

}  // namespace

Configurations configurations_of(const fs::path& folder) {
  Configurations all = {{"sample.yaml", testing::read_file(folder / "sample.yaml")}};
  for (const fs::path& source : testing::cases_of(folder)) {
    const auto work = std::make_shared<testing::TempFolder>();
    fs::copy(source, work->path() / "case", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    std::string yaml = testing::read_file(work->path() / "case" / "config.yaml");
    replace_all(yaml, "${CASE}", (work->path() / "case").string());
    replace_all(yaml, "${OUT}", (work->path() / "out").string());
    all.push_back({concat("case ", source.filename()), std::move(yaml), work});
  }
  return all;
}

Faults sample_text_faults(const PluginDescriptor& plugin, const std::string& yaml) {
  Faults faults;
  const std::string line = concat("\nplugin: ", plugin.name, '\n'), text = "\n" + yaml;
  const std::size_t first = text.find(line);
  faults.unless(yaml.starts_with('#'), "sample.yaml does not begin with a comment on what it gives");
  faults.unless(first != std::string::npos && text.find(line, first + 1) == std::string::npos,
                "sample.yaml does not name its plugin");
  return faults;
}

Faults configuration_faults(const PluginDescriptor& plugin, const Configurations& configurations) {
  Faults all;
  std::set<std::string> declared;
  for (const OptionDoc& option : plugin.declare().options) declared.insert(option.name);
  for (const Configuration& configuration : configurations) {
    Faults faults;
    for (const Problem& problem : problems_of(plugin, configuration.yaml).value_or(Problems{}))
      faults.add(concat("is refused: ", problem.text()));
    for (const ConfigEntry& entry : own_options(configuration.yaml).entries)
      faults.unless(declared.contains(entry.key), concat("option '", entry.key, "' is used and not declared"));
    all.add(configuration.name, faults);
  }
  return all;
}

/// Every option that it declares with a value that none can have, and one that it does not know, a line each: each line
/// must have its fault, and no fault may stand elsewhere.
Faults refusal_faults(const PluginDescriptor& plugin) {
  Faults faults;
  std::vector<std::string> names = {"no_such_option"};
  for (const OptionDoc& option : plugin.declare().options) names.push_back(option.name);
  std::string yaml;
  for (const std::string& name : names) yaml += concat(name, ": { no_such_key: { no_such_key: [] } }\n");
  const std::optional<Problems> problems = problems_of(plugin, yaml);
  if (!problems) {
    faults.add("a wrong configuration is accepted");
    return faults;
  }
  std::set<std::size_t> told;
  for (const Problem& problem : *problems) {
    const bool placed = problem.mark.file == "test.yaml" && problem.mark.line >= 1 &&
                        static_cast<std::size_t>(problem.mark.line) <= names.size() && problem.mark.column >= 1;
    faults.unless(placed, concat("a fault has no place of its own: ", problem.text()));
    if (!placed) continue;
    const auto line = static_cast<std::size_t>(problem.mark.line) - 1;
    told.insert(line);
    const bool unknown = line > 0 && problem.mark.column == 1;
    faults.unless(!unknown, concat("option '", names[line], "' is declared and not known: ", problem.text()));
    faults.unless(line > 0 || problem.message.find(names[0]) != std::string::npos,
                  concat("an unknown option is not named: ", problem.text()));
  }
  for (std::size_t line = 0; line < names.size(); ++line)
    faults.unless(told.contains(line), concat("a wrong '", names[line], "' is not told, beside other faults"));
  return faults;
}

Faults constructor_faults(const PluginDescriptor& plugin, const Configurations& configurations) {
  Faults all;
  for (const Configuration& configuration : configurations) {
    Faults faults;
    try {
      check_construction(faults, plugin, configuration);
    } catch (const std::exception& error) {
      faults.add(concat("the constructor throws: ", error.what()));
    }
    all.add(configuration.name, faults);
  }
  return all;
}

}  // namespace trafficd::contract
