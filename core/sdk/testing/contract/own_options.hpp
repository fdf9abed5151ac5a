#pragma once

#include <string>

#include "trafficd/config_node.hpp"

namespace trafficd::contract {

/// The plugin's own options of a block, as its constructor gets them.
ConfigNode own_options(const std::string& yaml);

}  // namespace trafficd::contract
