#include "daemon/command_line.hpp"

#include <CLI/CLI.hpp>
#include <charconv>

#include "trafficd/config_node.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::string commands(const CLI::App& app) {
  std::string out;
  for (const std::string& name : command_names(app)) out += concat(out.empty() ? "" : ", ", name);
  return out;
}

std::string unknown_option(const CLI::App& command, const std::string& call, std::string word) {
  word = word.substr(0, word.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  // One letter is near to every other.
  const std::string near = word.starts_with("--") ? nearest(word.substr(2), names) : "";
  return concat("unknown option '", word, "'",
                near.empty() ? concat("; '", call, " --help' lists them") : concat(", did you mean '--", near, "'?"));
}

}  // namespace

std::string command_line_fault(const CLI::App* app, const CLI::Error& error) {
  const std::vector<const CLI::App*> called = app->get_subcommands([](const CLI::App* each) { return each->parsed(); });
  const CLI::App& command = called.empty() ? *app : *called.front();
  const std::string call = called.empty() ? app->get_name() : concat(app->get_name(), " ", command.get_name());
  const std::vector<std::string> rest = app->remaining(true);
  std::string fault;
  if (!rest.empty() && rest.front().starts_with('-')) {
    fault = unknown_option(command, call, rest.front());
  } else if (!rest.empty() && called.empty()) {
    const std::string near = nearest(rest.front(), command_names(*app));
    fault = concat("unknown command '", rest.front(), "'",
                   near.empty() ? concat("; there are: ", commands(*app)) : concat(", did you mean '", near, "'?"));
  } else if (!rest.empty()) {
    fault = concat("'", rest.front(), "' does not belong here; '", call, " --help' tells what does");
  } else if (called.empty()) {
    fault = concat("a command is missing; there are: ", commands(*app));
  } else {
    fault = concat(error.what(), "; '", call, " --help' tells more");
  }
  return printable(concat(call, ": ", fault)) + '\n';
}

std::string empty_value_fault(std::span<const char* const> words) {
  for (const std::string_view word : words) {
    if (word == "--") break;  // files follow
    if (!word.starts_with("--") || word.find('=') != word.size() - 1) continue;
    return printable(concat("trafficd: '", word, "' gives no value; say one, or leave out '='")) + '\n';
  }
  return {};
}

CLI::Validator at_least(std::size_t least) {
  return {[least](const std::string& text) {
            std::size_t number = 0;
            const char* end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, number);
            return error == std::errc{} && stop == end && number >= least ? "" : concat("give ", least, " or more");
          },
          ""};
}

}  // namespace trafficd
