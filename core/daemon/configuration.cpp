#include "daemon/configuration.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <tuple>

#include "engine/config_file.hpp"

namespace trafficd {

namespace fs = std::filesystem;

void add_plugins_option(CLI::App& command, std::vector<std::string>& folders) {
  command.add_option("--plugins", folders, "A further folder with plugins, searched first; may be repeated")
      ->check(CLI::ExistingDirectory)
      ->allow_extra_args(false)  // what follows may be a file
      ->type_name("DIR");
}

void add_configuration_options(CLI::App& command, ConfigurationOptions& options) {
  command.add_option("-c,--config,file", options.file, "Configuration file; by default " TRAFFICD_DEFAULT_CONFIG)
      ->type_name("FILE");
  add_plugins_option(command, options.plugins);
  command
      .add_option("--state", options.state,
                  "State folder; by default $STATE_DIRECTORY, /var/lib/trafficd where it exists, or "
                  "~/.local/state/trafficd")
      ->type_name("DIR");
}

std::string configuration_file(const ConfigurationOptions& options) {
  if (options.file) return *options.file;
  std::error_code error;
  if (fs::exists(TRAFFICD_DEFAULT_CONFIG, error)) return TRAFFICD_DEFAULT_CONFIG;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  const fs::path tree = here.parent_path() / "config" / "trafficd.yaml";
  return fs::exists(tree, error) ? tree.string() : TRAFFICD_DEFAULT_CONFIG;
}

Settings read_configuration(const std::string& file, Problems& problems,
                            std::optional<std::chrono::milliseconds> patience) {
  const ConfigNode root = read_config_file(file, problems, patience);
  // A file that could not be read or parsed has no settings to speak of.
  if (!problems.empty() && root.type == ConfigNode::Type::null) return {};
  return read_settings(root, problems);
}

Catalog make_catalog(const ConfigurationOptions& options, const Settings& settings) {
  std::vector<fs::path> folders(options.plugins.begin(), options.plugins.end());
  folders.insert(folders.end(), settings.plugin_path.begin(), settings.plugin_path.end());
  return Catalog(folders, default_plugin_folders());
}

namespace {

void print(Problems problems, const char* colour, const char* prefix) {
  std::ranges::stable_sort(problems, {},
                           [](const Problem& p) { return std::tuple(p.mark.file, p.mark.line, p.mark.column); });
  const bool coloured = isatty(STDERR_FILENO) != 0;
  for (const Problem& problem : problems)
    std::fprintf(stderr, "%s%s%s%s\n", coloured ? colour : "", prefix, problem.text().c_str(),
                 coloured ? "\033[0m" : "");
}

}  // namespace

void print_problems(Problems problems) { print(std::move(problems), "\033[31m", ""); }

void print_warnings(Problems problems) { print(std::move(problems), "\033[33m", "warning: "); }

}  // namespace trafficd
