// Runs every cases/ folder of every plugin. TRAFFICD_UPDATE_GOLDEN=1 rewrites what is expected; read the difference
// before it is committed.

#include "trafficd/testing/golden.hpp"
#include "catch.hpp"
#include "plugin_table.hpp"

namespace trafficd::testing {

TEST_CASE("every golden case gives what is expected") {
  std::size_t cases = 0;
  for (const TableEntry& plugin : plugin_table()) {
    cases += cases_of(plugin.folder).size();
    // A section each, so that `golden_tests -c stage/rate` runs, or rewrites, the cases of one plugin.
    DYNAMIC_SECTION(to_string(plugin.descriptor->type) << '/' << plugin.descriptor->name) {
      for (const auto& folder : cases_of(plugin.folder)) {
        INFO(folder.string());
        const std::string difference = run_case(*plugin.descriptor, folder);
        CHECK(difference == "");
      }
    }
  }
  CHECK(cases > 0);
}

TEST_CASE("every case folder is complete and named after what it shows") {
  for (const TableEntry& plugin : plugin_table()) {
    for (const auto& folder : cases_of(plugin.folder)) {
      INFO(folder.string());
      const std::string name = folder.filename().string();
      CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos);
      CHECK(std::filesystem::exists(folder / "config.yaml"));
      CHECK(std::filesystem::exists(folder / "expected.txt"));
      if (plugin.descriptor->type != PluginType::input) CHECK(std::filesystem::exists(folder / "input.txt"));
    }
  }
}

}  // namespace trafficd::testing
