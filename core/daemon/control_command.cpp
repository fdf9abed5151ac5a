#include "daemon/control_command.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdio>

#include "engine/control.hpp"
#include "engine/json_print.hpp"
#include "engine/state_folder.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {
// A reload waits for instances that end slowly.
constexpr std::chrono::milliseconds patience = std::chrono::minutes(1);
}  // namespace

void add_control_options(CLI::App& command, ControlOptions& options) {
  command.add_option("--state", options.state, "The state folder of the daemon, where it is not the usual one")
      ->type_name("DIR");
  command.add_flag("--json", options.json, "The answer as JSON, for programs");
}

std::optional<boost::json::object> ask(const ControlOptions& options, const char* command) {
  const auto folder = state_folder(options.state ? std::optional<std::filesystem::path>(*options.state) : std::nullopt);
  const auto answer = folder ? ask_daemon(*folder, {{"command", command}}, patience)
                             : Result<boost::json::object>(Error{folder.error()});
  if (!answer) {
    std::fprintf(stderr, "trafficd %s: %s\n", command, printable(answer.error()).c_str());
    return std::nullopt;
  }
  if (options.json) std::fputs((print_json(*answer) + "\n").c_str(), stdout);
  return *answer;
}

std::string text_of(const boost::json::object& object, std::string_view key) {
  const boost::json::value* value = object.if_contains(key);
  if (!value) return {};
  return value->is_string() ? std::string(value->get_string()) : boost::json::serialize(*value);
}

}  // namespace trafficd
