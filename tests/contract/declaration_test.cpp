// What every plugin says of itself.

#include "contract.hpp"

namespace trafficd::contract {

TEST_CASE("a descriptor is whole, and named like its folder") {
  REQUIRE_FALSE(plugin_table().empty());
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  CHECK(descriptor_faults(*plugin.descriptor).text() == "");
  CHECK(folder_faults(*plugin.descriptor, plugin.folder).text() == "");
}

TEST_CASE("options have names and help, and leave the daemon's own names alone") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  CHECK(option_faults(*plugin.descriptor).text() == "");
}

TEST_CASE("measurements have names, units and help") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  CHECK(measurement_faults(*plugin.descriptor).text() == "");
}

TEST_CASE("two plugins that declare one measurement declare it alike") {
  std::vector<const PluginDescriptor*> all;
  for (const TableEntry& plugin : plugin_table()) all.push_back(plugin.descriptor);
  CHECK(disagreement_faults(all).text() == "");
}

}  // namespace trafficd::contract
