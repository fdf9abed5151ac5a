#pragma once
// What plugins and the daemon declare, written down: tables for READMEs, text for a terminal, JSON for programs. Pure
// functions of the declarations, so that a test can hold every README against them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trafficd/descriptor.hpp"

namespace trafficd {

using Descriptors = std::vector<const PluginDescriptor*>;

/// The options and measurements of one plugin as Markdown: what stands between the markers of its README.
std::string markdown_tables(const PluginDescriptor& plugin);

/// The README with fresh tables between `<!-- describe -->` and `<!-- /describe -->`; nothing when it lacks a marker.
std::optional<std::string> with_fresh_tables(std::string_view readme, const PluginDescriptor& plugin);

/// All plugins and what every instance has, as one Markdown document.
std::string markdown_document(const Descriptors& plugins);

/// One plugin for a person at a terminal.
std::string plain_text(const PluginDescriptor& plugin);
/// All plugins, a line each, and what every instance has.
std::string plain_overview(const Descriptors& plugins);

/// `{"common": …, "plugins": [{"kind", "name", "help", "notes", "options", "measurements"}]}`; `daemon` holds the
/// options that do not depend on a plugin and is left out unless wanted.
std::string json_document(const Descriptors& plugins, bool with_common);

}  // namespace trafficd
