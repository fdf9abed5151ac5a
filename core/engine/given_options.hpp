#pragma once
// What a configuration gives for the options that a plugin declares, and the files behind its secrets.

#include <functional>

#include "engine/catalog.hpp"
#include "engine/settings.hpp"

namespace trafficd {

/// Calls `visitor` for every option that is given, those in blocks included; of a list for each item.
void visit_given(const std::vector<OptionDoc>& options, const ConfigNode& node,
                 const std::function<void(const OptionDoc&, const ConfigNode&)>& visitor);

/// The settings, with how the files of their secrets look now. They are not read.
Settings with_secret_files(Catalog& catalog, Settings settings);

}  // namespace trafficd
