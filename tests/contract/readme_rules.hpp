#pragma once
// What a plugin's README must be like: the same sections everywhere, and tables that are fresh. Only of those of the
// tree: the tables are made by the engine.

#include "rules.hpp"

namespace trafficd::contract {

Faults readme_faults(const PluginDescriptor& plugin, const std::string& text);

}  // namespace trafficd::contract
