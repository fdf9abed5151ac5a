#pragma once
// What the contract tests share: every plugin by name, its sample configuration, and the rules that samples must keep.

#include <filesystem>
#include <string>

#include "catch.hpp"
#include "plugin_table.hpp"
#include "trafficd/sample.hpp"
#include "trafficd/testing/bench.hpp"

namespace trafficd::contract {

/// `stage/rate`
inline std::string title(const TableEntry& plugin) {
  return std::string(to_string(plugin.descriptor->type)) + "/" + plugin.descriptor->name;
}

/// One plugin after the other: the test case runs once for each, so that a failure of one hides nothing of the next.
inline const TableEntry& each_plugin() {
  return plugin_table()[GENERATE(Catch::Generators::range(std::size_t{0}, plugin_table().size()))];
}

inline std::string sample_yaml(const TableEntry& plugin) {
  return testing::read_file(std::filesystem::path(plugin.folder) / "sample.yaml");
}

inline bool is_snake_case(std::string_view name) {
  return !name.empty() && name.front() >= 'a' && name.front() <= 'z' && name.back() != '_' &&
         name.find("__") == std::string_view::npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

/// A sentence: one line that ends with a full stop.
inline bool is_sentence(std::string_view help) {
  return help.size() > 1 && help.ends_with('.') && help.find('\n') == std::string_view::npos;
}

}  // namespace trafficd::contract
