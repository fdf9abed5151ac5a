#include "daemon/commands/reload.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>

#include "daemon/control_command.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

void print_lines(const boost::json::object& answer, const char* key, const char* before) {
  const boost::json::value* lines = answer.if_contains(key);
  if (!lines || !lines->is_array()) return;
  for (const boost::json::value& line : lines->get_array())
    if (line.is_string()) std::fprintf(stderr, "%s%s\n", before, printable(std::string(line.get_string())).c_str());
}

int reload(const ControlOptions& options) {
  const auto answer = ask(options, "reload");
  if (!answer) return 2;
  const bool taken = !answer->contains("problems");
  if (options.json) return taken ? 0 : 1;
  print_lines(*answer, "problems", "");
  print_lines(*answer, "warnings", "warning: ");
  const std::string generation = printable(text_of(*answer, "generation")), changes = text_of(*answer, "changes");
  if (!taken)
    std::fprintf(stderr, "not taken; generation %s runs on\n", generation.c_str());
  else if (changes.empty())
    std::printf("nothing has changed; generation %s runs on\n", generation.c_str());
  else
    std::printf("generation %s: %s\n", generation.c_str(), printable(changes).c_str());
  return taken ? 0 : 1;
}

}  // namespace

void add_reload(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("reload", "Make the running daemon read its configuration again");
  auto options = std::make_shared<ControlOptions>();
  add_control_options(*command, *options);
  command->footer("Exit codes: 0 taken, 1 the configuration has faults and nothing was changed, 2 no daemon answered.");
  command->callback([options, &exit_code] { exit_code = reload(*options); });
}

}  // namespace trafficd
