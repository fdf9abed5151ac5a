// What every plugin's folder tells a person.

#include <filesystem>

#include "contract.hpp"
#include "engine/document.hpp"
#include "readme_rules.hpp"
#include "trafficd/testing/golden.hpp"

namespace trafficd::contract {

TEST_CASE("a README has its sections, and tables of what the plugin declares") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const std::filesystem::path path = std::filesystem::path(plugin.folder) / "README.md";
  std::string text = testing::read_file(path);
  if (const auto fresh = with_fresh_tables(text, *plugin.descriptor);
      testing::update_golden() && fresh && *fresh != text) {
    testing::write_file(path, *fresh);
    text = *fresh;
  }
  CHECK(readme_faults(*plugin.descriptor, text).text() == "");
}

TEST_CASE("a sample begins with a comment and names its plugin") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  const std::string yaml = testing::read_file(std::filesystem::path(plugin.folder) / "sample.yaml");
  CHECK(sample_text_faults(*plugin.descriptor, yaml).text() == "");
}

}  // namespace trafficd::contract
