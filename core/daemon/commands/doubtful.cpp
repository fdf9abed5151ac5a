#include "daemon/commands/doubtful.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/commands/report_file.hpp"
#include "history/doubt_decision.hpp"
#include "trafficd/calendar.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

struct DoubtfulOptions {
  std::vector<std::string> ids;
  std::optional<std::string> file, state;
};

int decide(const DoubtfulOptions& options, bool accept) {
  int exit_code = 0;
  const auto failed = [&exit_code](const std::string& message) {
    std::fprintf(stderr, "trafficd doubtful: %s\n", printable(message).c_str());
    exit_code = 2;
  };
  const auto file = history_path(options.file, options.state);
  if (!file) {
    failed(file.error());
    return exit_code;
  }
  for (const std::string& id : options.ids) {
    const auto step = history::decide(*file, id, accept);
    if (!step) {
      failed(step.error());
      continue;
    }
    const std::string amount =
        step->unit == "By" ? human_bytes(static_cast<double>(step->amount)) : std::to_string(step->amount);
    std::printf("%s %s: %s of %s at %s %s\n", step->id.c_str(), step->decision.c_str(), amount.c_str(),
                printable(step->field).c_str(), format_utc(step->time).c_str(),
                accept ? "count now" : "will never count");
  }
  return exit_code;
}

}  // namespace

void add_doubtful(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("doubtful", "Decide on steps of counters that nobody could judge");
  command->require_subcommand(1);
  command->footer(
      "'trafficd report --doubtful' lists them. A decision is for good. Needs to write the history: as its owner, or\n"
      "as root; the service may run. Exit codes: 0 all decided, 2 at least one could not be.");
  for (const bool accept : {true, false}) {
    CLI::App* verb = accept ? command->add_subcommand("accept", "They count, at their own time")
                            : command->add_subcommand("reject", "They will never count");
    auto options = std::make_shared<DoubtfulOptions>();
    verb->add_option("ID", options->ids, "As 'trafficd report --doubtful' shows it")->required();
    auto* state =
        verb->add_option("--state", options->state, "Folder where the service keeps its files")->type_name("DIR");
    verb->add_option("--file", options->file, "The history itself (default: traffic.db in that folder)")
        ->type_name("FILE")
        ->excludes(state);
    verb->callback([options, accept, &exit_code] { exit_code = decide(*options, accept); });
  }
}

}  // namespace trafficd
