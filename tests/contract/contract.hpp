#pragma once
// What the contract tests share: every plugin by name.

#include <string>

#include "catch.hpp"
#include "plugin_table.hpp"
#include "rules.hpp"

namespace trafficd::contract {

/// `stage/rate`
inline std::string title(const TableEntry& plugin) {
  return std::string(to_string(plugin.descriptor->type)) + "/" + plugin.descriptor->name;
}

/// One plugin after the other: the test case runs once for each, so that a failure of one hides nothing of the next.
inline const TableEntry& each_plugin() {
  return plugin_table()[GENERATE(Catch::Generators::range(std::size_t{0}, plugin_table().size()))];
}

}  // namespace trafficd::contract
