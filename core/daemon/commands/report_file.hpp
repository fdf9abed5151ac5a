#pragma once
// Which file `trafficd report` reads, and what to say when it is not there or no history.

#include <optional>
#include <string>

#include "history/reader.hpp"

namespace trafficd {

/// The file, else traffic.db in the state folder, which is found as the service finds it.
Result<history::Reader> open_history(const std::optional<std::string>& file, const std::optional<std::string>& state);

}  // namespace trafficd
