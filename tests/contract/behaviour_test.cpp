// What every plugin does with its sample configuration and with those of its golden cases.

#include "contract.hpp"

namespace trafficd::contract {

TEST_CASE("the sample and the cases are accepted, and all that they use is declared") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  CHECK(configuration_faults(*plugin.descriptor, configurations_of(plugin.folder)).text() == "");
}

TEST_CASE("whatever is wrong is refused at once, each fault at its place") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  CHECK(refusal_faults(*plugin.descriptor).text() == "");
}

TEST_CASE("the constructor touches nothing") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  CHECK(constructor_faults(*plugin.descriptor, configurations_of(plugin.folder)).text() == "");
}

TEST_CASE("an instance opens again after it was closed, and leaves nothing open") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  CHECK(life_faults(*plugin.descriptor, configurations_of(plugin.folder)).text() == "");
}

TEST_CASE("it works, and samples fit what was declared") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  CHECK(work_faults(*plugin.descriptor, configurations_of(plugin.folder)).text() == "");
}

}  // namespace trafficd::contract
