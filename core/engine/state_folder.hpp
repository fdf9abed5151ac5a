#pragma once
// Where the daemon keeps its files: found in one order by the daemon and by every command.

#include <filesystem>
#include <optional>

#include "trafficd/status.hpp"

namespace trafficd {

/// The given folder, else $STATE_DIRECTORY, else /var/lib/trafficd where it exists and can be used, else the XDG state
/// folder of the user. The folder need not exist. Fails when there is no home to fall back to.
Result<std::filesystem::path> state_folder(const std::optional<std::filesystem::path>& given);

}  // namespace trafficd
