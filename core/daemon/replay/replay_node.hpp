#pragma once
// What the command line of `replay` says, as the configuration of the input that reads.

#include <optional>
#include <string>
#include <vector>

#include "engine/known_plugin.hpp"

namespace trafficd::replay {

struct NodeOptions {
  std::vector<std::string> files, networks, gateways;
  std::string filter;
  std::uint64_t max_rows = 0;
  bool protocols = true;
  std::optional<std::string> remotes;             ///< how many
  std::optional<std::vector<std::string>> ports;  ///< of HTTP: those that are looked at, none: the plugin's own choice
};

/// Faults that the plugin finds name the option of the command line. What was not asked for by name is left out where
/// the plugin does not know it.
ConfigNode node_of(const NodeOptions& options, const Declarations& declared);

}  // namespace trafficd::replay
