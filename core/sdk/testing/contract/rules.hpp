#pragma once
// The rules of docs/contract.md as functions that answer what is wrong, so that each rule is held not only against the
// plugins of the tree, which keep it, but also against small ones that break it (tests/contract/broken).

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "trafficd/descriptor.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::contract {

/// What is wrong, a line each, nothing twice.
class Faults {
 public:
  void add(std::string fault) {
    if (std::ranges::find(all_, fault) == all_.end()) all_.push_back(std::move(fault));
  }
  void unless(bool good, std::string fault) {
    if (!good) add(std::move(fault));
  }
  void add(const std::string& where, const Faults& more) {
    for (const std::string& fault : more.all_) add(where + ": " + fault);
  }
  std::size_t size() const { return all_.size(); }
  /// All of them; empty when there is none.
  std::string text() const {
    std::string text;
    for (const std::string& fault : all_) text += fault + '\n';
    return text;
  }

 private:
  std::vector<std::string> all_;
};

/// A block that an instance can be made of: sample.yaml, or config.yaml of a golden case.
struct Configuration {
  std::string name, yaml;
  std::shared_ptr<testing::TempFolder> folder = {};  ///< the private copy of the case, which the block names
};
using Configurations = std::vector<Configuration>;

/// sample.yaml, then the cases of a plugin's folder. A plugin that needs a network or rights brings a case that needs
/// none: the recorded file, the `root` with a small /sys.
Configurations configurations_of(const std::filesystem::path& folder);

// What a plugin says of itself.
Faults descriptor_faults(const PluginDescriptor& plugin);
Faults folder_faults(const PluginDescriptor& plugin, const std::filesystem::path& folder);
Faults option_faults(const PluginDescriptor& plugin);
Faults measurement_faults(const PluginDescriptor& plugin);
Faults disagreement_faults(const std::vector<const PluginDescriptor*>& plugins);

// How it takes its configuration.
Faults sample_text_faults(const PluginDescriptor& plugin, const std::string& yaml);
Faults configuration_faults(const PluginDescriptor& plugin, const Configurations& configurations);
Faults refusal_faults(const PluginDescriptor& plugin);
Faults constructor_faults(const PluginDescriptor& plugin, const Configurations& configurations);

// What it does.
Faults life_faults(const PluginDescriptor& plugin, const Configurations& configurations);
Faults work_faults(const PluginDescriptor& plugin, const Configurations& configurations);

}  // namespace trafficd::contract
