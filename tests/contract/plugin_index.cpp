// docs/plugins.md: every option and measurement of every plugin, generated.

#include <deque>

#include "catch.hpp"
#include "engine/document.hpp"
#include "plugin_table.hpp"
#include "trafficd/testing/golden.hpp"
#include "trafficd/testing/temp_folder.hpp"

using namespace trafficd;

TEST_CASE("docs/plugins.md is what the daemon and all plugins declare") {
  const std::filesystem::path file = TRAFFICD_SOURCE_DIR "/docs/plugins.md";
  std::deque<KnownPlugin> plugins;
  Plugins all;
  for (const TableEntry& each : plugin_table()) all.push_back(&plugins.emplace_back(*each.descriptor));
  const std::string fresh = markdown_document(all);
  if (testing::update_golden()) testing::write_file(file, fresh);
  INFO("TRAFFICD_UPDATE_GOLDEN=1 rewrites it");
  CHECK((testing::read_file(file) == fresh));
}
