#pragma once
// What every command that asks the running daemon does alike.

#include <boost/json/object.hpp>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace trafficd {

struct ControlOptions {
  std::optional<std::string> state;
  bool json = false;
};

/// Adds --state and --json.
void add_control_options(CLI::App& command, ControlOptions& options);

/// Asks the daemon; with --json its answer is printed. Nothing, and a message on standard error, when there is none.
std::optional<boost::json::object> ask(const ControlOptions& options, const char* command);

/// A field of an answer as text; empty when there is none.
std::string text_of(const boost::json::object& object, std::string_view key);

}  // namespace trafficd
