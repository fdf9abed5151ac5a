#pragma once
// Which history a command is about, and what to say when it is not there or none.

#include <filesystem>
#include <optional>
#include <string>

#include "history/reader.hpp"

namespace trafficd {

/// The file, else traffic.db in the state folder, which is found as the service finds it. Fails when it is not there.
Result<std::filesystem::path> history_path(const std::optional<std::string>& file,
                                           const std::optional<std::string>& state);
/// The same, open.
Result<history::Reader> open_history(const std::optional<std::string>& file, const std::optional<std::string>& state);

}  // namespace trafficd
