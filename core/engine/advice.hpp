#pragma once
// What is not wrong with a configuration and yet worth a word: what it names that is missing on this machine or fits
// nothing, what it gives away, what nobody uses.

#include <filesystem>

#include "engine/catalog.hpp"
#include "engine/settings.hpp"

namespace trafficd {

/// Looks at the options that were given to each instance; files are looked at and not opened. `state` is the
/// state folder, where samples may wait for an output that is not there any more.
Problems advice(const Settings& settings, Catalog& catalog, const std::filesystem::path& file,
                const std::filesystem::path& state);

}  // namespace trafficd
