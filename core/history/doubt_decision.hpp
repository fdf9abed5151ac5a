#pragma once
// A person's word on a step that nobody could judge: it counts after all, at its own time, or it never will.

#include <filesystem>
#include <string_view>

#include "history/reader.hpp"

namespace trafficd::history {

/// In one transaction, also beside a running service: who writes second waits for the other. Answers the step as it
/// stands now. Fails when there is no such step, when it was decided before, or when its time is kept no longer.
Result<DoubtRow> decide(const std::filesystem::path& file, std::string_view id, bool accept);

}  // namespace trafficd::history
