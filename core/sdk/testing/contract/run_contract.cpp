#include "trafficd/testing/contract.hpp"

#include <cstdio>
#include <exception>

#include "rules.hpp"
#include "trafficd/units.hpp"

namespace trafficd::testing {

namespace {

/// A line for each fault. What needs the files of the folder comes only when they are there, and what needs good
/// configurations when they are.
std::string faults_of(const PluginDescriptor& plugin, const std::filesystem::path& folder) {
  using namespace contract;
  const std::string missing = folder_faults(plugin, folder).text();
  std::string text = descriptor_faults(plugin).text() + missing + option_faults(plugin).text() +
                     measurement_faults(plugin).text() + refusal_faults(plugin).text();
  if (!missing.empty()) return text;
  const Configurations configurations = configurations_of(folder);
  text += sample_text_faults(plugin, configurations.front().yaml).text();
  const std::string refused = configuration_faults(plugin, configurations).text();
  text += refused;
  if (!refused.empty()) return text;
  text += constructor_faults(plugin, configurations).text();
  return text + life_faults(plugin, configurations).text() + work_faults(plugin, configurations).text();
}

}  // namespace

int run_contract(const PluginDescriptor& plugin, const std::filesystem::path& plugin_folder) {
  std::string text;
  try {
    text = faults_of(plugin, plugin_folder);
  } catch (const std::exception& error) {
    text = concat("the rules could not be tried: ", error.what(), '\n');
  }
  std::fputs(text.c_str(), stderr);
  return text.empty() ? 0 : 1;
}

}  // namespace trafficd::testing
