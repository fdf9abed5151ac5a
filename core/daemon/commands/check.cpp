#include "daemon/commands/check.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "daemon/configuration.hpp"
#include "engine/advice.hpp"
#include "engine/graph.hpp"
#include "engine/state_folder.hpp"
#include "engine/system_clock.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

std::string counted(std::size_t number, std::string_view noun) {
  return concat(number, ' ', noun, number == 1 ? "" : "s");
}

int check(const ConfigurationOptions& options, bool quiet) {
  const std::string file = configuration_file(options);
  Problems problems;
  const Settings settings = read_configuration(file, problems);

  SystemClock clock;
  Journal journal(Level::warning);
  MeterRegistry meters;
  auto folder = state_folder(options.state ? std::optional<std::filesystem::path>(*options.state) : std::nullopt);
  const std::filesystem::path state = folder ? *folder : std::filesystem::path("/nonexistent");
  StateStore store(state / "state.db", journal.own());
  const Services services{clock, journal, meters, store, state};
  Catalog catalog = make_catalog(options, settings);
  const Graph graph(services, catalog, settings, problems, [] {});

  if (!problems.empty()) {
    print_problems(problems);
    std::fprintf(stderr, "%s: %s\n", printable(file).c_str(), counted(problems.size(), "fault").c_str());
    // A constructor that hangs may go on just now, and uses what would be taken down.
    if (!graph.hanging().empty()) _exit(1);
    return 1;
  }
  print_warnings(advice(settings, catalog, file, state));
  if (!quiet)
    std::printf("%s: good: %s, %s, %s\n", printable(file).c_str(), counted(settings.inputs.size(), "input").c_str(),
                counted(settings.pipelines.size(), "pipeline").c_str(),
                counted(settings.outputs.size(), "output").c_str());
  return 0;
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("check", "Say whether the configuration is good; all faults at once");
  auto options = std::make_shared<ConfigurationOptions>();
  auto quiet = std::make_shared<bool>(false);
  add_configuration_options(*command, *options);
  command->add_flag("-q,--quiet", *quiet, "Print nothing but warnings when it is good");
  command->footer(
      "Exit codes: 0 good, 1 faults. Needs no rights and touches no network. What is missing on this machine, and a\n"
      "secret in plain text, is a warning.");
  command->callback([options, quiet, &exit_code] { exit_code = check(*options, *quiet); });
}

}  // namespace trafficd
