// What a plugin's folder tells a person: a README with the same sections everywhere and tables that are fresh.

#include "engine/document.hpp"
#include "contract.hpp"
#include "trafficd/testing/golden.hpp"

namespace trafficd::contract {

namespace {

constexpr std::string_view begin_mark = "<!-- describe -->\n", end_mark = "<!-- /describe -->\n";

std::filesystem::path readme_path(const TableEntry& plugin) {
  return std::filesystem::path(plugin.folder) / "README.md";
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace

TEST_CASE("a README has its title, what it is about, its needs and an example") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin));
  REQUIRE(std::filesystem::exists(readme_path(plugin)));
  const std::string text = testing::read_file(readme_path(plugin));
  const std::string heading = std::string("# ") + plugin.descriptor->name + "\n\n";
  REQUIRE(text.starts_with(heading));
  CHECK(text[heading.size()] != '#');
  CHECK(count(text, "\n## Needs\n") == 1);
  CHECK(count(text, "\n## Example\n") == 1);
  CHECK(text.find("```yaml\n", text.find("\n## Example\n")) != std::string::npos);
  CHECK(count(text, begin_mark) == 1);
  CHECK(count(text, end_mark) == 1);
  CHECK(text.find(begin_mark) < text.find(end_mark));
}

TEST_CASE("the tables of a README are what the plugin declares") {
  const TableEntry& plugin = each_plugin();
  INFO(title(plugin) << ": TRAFFICD_UPDATE_GOLDEN=1 rewrites the tables");
  const std::string text = testing::read_file(readme_path(plugin));
  const std::optional<std::string> fresh = with_fresh_tables(text, *plugin.descriptor);
  REQUIRE(fresh.has_value());
  if (testing::update_golden() && *fresh != text) testing::write_file(readme_path(plugin), *fresh);
  CHECK((testing::update_golden() || *fresh == text));
}

}  // namespace trafficd::contract
