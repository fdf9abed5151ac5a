#pragma once
// From the command line to checked settings: what `run` and `check` share.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/catalog.hpp"
#include "engine/settings.hpp"

namespace CLI {
class App;
}

namespace trafficd {

struct ConfigurationOptions {
  std::optional<std::string> file;   ///< none: the shipped default
  std::vector<std::string> plugins;  ///< further plugin folders, searched first
  std::optional<std::string> state;
};

/// Adds --plugins; a folder that is not there is refused.
void add_plugins_option(CLI::App& command, std::vector<std::string>& folders);
/// Adds -c/--config, --plugins and --state.
void add_configuration_options(CLI::App& command, ConfigurationOptions& options);

/// The file to use: the given one, else the installed default, else the one of the source tree beside the binary.
std::string configuration_file(const ConfigurationOptions& options);

/// Reads the file into settings; faults go to `problems`. Where it is a pipe, `patience` is how long it may say
/// nothing; none: as long as it takes.
Settings read_configuration(const std::string& file, Problems& problems,
                            std::optional<std::chrono::milliseconds> patience = {});

/// The catalog that these settings and options see.
Catalog make_catalog(const ConfigurationOptions& options, const Settings& settings);

/// Prints every problem on a line of its own to standard error, in the order of the file.
void print_problems(Problems problems);
/// The same for what does not keep the configuration from being good.
void print_warnings(Problems problems);

}  // namespace trafficd
