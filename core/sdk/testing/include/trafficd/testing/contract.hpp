#pragma once
// The rules that hold for every plugin (docs/contract.md), held against one of them.

#include <filesystem>

#include "trafficd/descriptor.hpp"

namespace trafficd::testing {

/// Tries the plugin with the sample.yaml and the cases of its folder, and says on standard error, a line each, which
/// rules it breaks: the `main` of a test. Answers its exit code. Needs a process without other threads.
int run_contract(const PluginDescriptor& plugin, const std::filesystem::path& plugin_folder);

}  // namespace trafficd::testing
