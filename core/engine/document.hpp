#pragma once
// What plugins and the daemon declare, written down: tables for READMEs, text for a terminal, JSON for programs. Pure
// functions of the declarations, so that a test can hold every README against them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/known_plugin.hpp"

namespace trafficd {

using Plugins = std::vector<const KnownPlugin*>;

/// The options and measurements of one plugin as Markdown: what stands between the markers of its README.
std::string markdown_tables(const KnownPlugin& plugin);

/// The README with fresh tables between `<!-- describe -->` and `<!-- /describe -->`; nothing when it lacks a marker.
std::optional<std::string> with_fresh_tables(std::string_view readme, const KnownPlugin& plugin);

/// All plugins and what every instance has, as one Markdown document.
std::string markdown_document(const Plugins& plugins);

/// One plugin for a person at a terminal.
std::string plain_text(const KnownPlugin& plugin);
/// All plugins, a line each, and what every instance has.
std::string plain_overview(const Plugins& plugins);

/// `{"common": …, "plugins": [{"kind", "name", "help", "notes", "options", "measurements"}]}`; `daemon` holds the
/// options that do not depend on a plugin and is left out unless wanted.
std::string json_document(const Plugins& plugins, bool with_common);

}  // namespace trafficd
