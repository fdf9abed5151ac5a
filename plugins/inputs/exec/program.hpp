#pragma once
// Which file is run, and with which environment: both are decided before anything is started.

#include <string>
#include <vector>

#include "config.hpp"

namespace trafficd::exec {

/// The file that stands behind the name, looked for in `path` (as of $PATH) where it is no path itself. An error says
/// why it is not run: it is missing, is no program, or others could put something else in its place. Running a program
/// is a right, as loading a plugin is, so the same rule holds for both.
Result<std::string> find_program(const std::string& name, const std::string& path);

/// `NAME=value` for each variable of the program: a few harmless ones of the daemon's, what it should know of itself
/// (`id`, `interval`), and what the user adds. The rest of the daemon's environment may hold secrets and stays here.
std::vector<std::string> program_environment(const Config& config, const std::string& id, Duration interval);

}  // namespace trafficd::exec
