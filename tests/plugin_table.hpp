#pragma once
// Every plugin of the tree, linked in: what the suites that run over all of them walk through. The source is generated.

#include <string>
#include <vector>

#include "trafficd/descriptor.hpp"

namespace trafficd {

struct TableEntry {
  const PluginDescriptor* descriptor;
  std::string folder;  ///< where its sources are
};

const std::vector<TableEntry>& plugin_table();

}  // namespace trafficd
