#include "readme_rules.hpp"

#include "engine/document.hpp"
#include "trafficd/units.hpp"

namespace trafficd::contract {

namespace {

constexpr std::string_view begin_mark = "<!-- describe -->\n", end_mark = "<!-- /describe -->\n";

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace

Faults readme_faults(const PluginDescriptor& plugin, const std::string& text) {
  Faults faults;
  const std::string heading = concat("# ", plugin.name, "\n\n");
  faults.unless(text.starts_with(heading), "README.md does not begin with the plugin's name as its title");
  faults.unless(text.size() > heading.size() && text[heading.size()] != '#',
                "README.md does not say what the plugin is, below its title");
  for (const char* section : {"## Needs", "## Example"})
    faults.unless(count(text, concat('\n', section, '\n')) == 1, concat("README.md needs one section '", section, "'"));
  faults.unless(text.find("```yaml\n", text.find("\n## Example\n")) != std::string::npos,
                "README.md has no configuration in its example");
  const bool marked =
      count(text, begin_mark) == 1 && count(text, end_mark) == 1 && text.find(begin_mark) < text.find(end_mark);
  faults.unless(marked, "README.md needs one '<!-- describe -->' and, below it, one '<!-- /describe -->'");
  if (marked)
    faults.unless(with_fresh_tables(text, plugin) == text,
                  "README.md has tables that are not what the plugin declares; TRAFFICD_UPDATE_GOLDEN=1 rewrites them");
  return faults;
}

}  // namespace trafficd::contract
