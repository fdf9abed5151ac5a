#include "config.hpp"

#include <algorithm>

namespace trafficd::exec {

namespace {

using namespace std::chrono_literals;

bool has_null(std::string_view text) { return text.find('\0') != std::string_view::npos; }

/// The right ways to write a program and its arguments; nothing looks into them as a shell would.
std::string command_fault(const Config& config) {
  if (config.command.empty() || config.command[0].empty()) return "names no program";
  const std::string& program = config.command[0];
  if (config.command.size() == 1 && program.find_first_of(" \t") != std::string::npos)
    return "there is no shell: write the program and each of its arguments as an item, [ /path/program, argument ]";
  if (program[0] != '/' && program.find('/') != std::string::npos)
    return "must begin with an absolute path, or with a name that is looked for in PATH";
  if (std::ranges::any_of(config.command, has_null)) return "a program or argument cannot hold a zero byte";
  return {};
}

std::string environment_fault(const Config& config) {
  const bool bad = std::ranges::any_of(config.environment, [](const Tag& each) { return has_null(each.value); });
  return bad ? "a variable cannot hold a zero byte" : "";
}

std::string directory_fault(const Config& config) {
  if (config.directory.empty() || config.directory[0] != '/') return "must be an absolute path";
  return has_null(config.directory) ? "a path cannot hold a zero byte" : "";
}

void add_meaning(Options<Config>& options) {
  using common::LineFormat;
  options
      .add_choice(
          "format", &Config::format,
          {{"line_protocol", LineFormat::line_protocol}, {"json", LineFormat::json}, {"text", LineFormat::text}},
          "What a line is: InfluxDB's line protocol, or what `stdout` writes as `json` or `text`.")
      .add_choice("mode", &Config::mode, {{"stream", Mode::stream}, {"poll", Mode::poll}},
                  "`stream`: the program runs all the time and is started again when it ends; `poll`: it runs once "
                  "each interval.")
      .add("counters", &Config::counters,
           "Fields that count: totals that only grow. All others are gauges; lines in text form say it themselves.")
      .patterns(OptionDoc::Fits::anything)
      .add("attributes", &Config::attributes, "Tags that only describe; all others say which thing is meant.")
      .patterns(OptionDoc::Fits::anything)
      .add("counter_width", &Config::counter_width, "Bits after which the counters wrap, 32 or 64.")
      .check([](const Config& c) { return c.counter_width == 32 || c.counter_width == 64 ? "" : "must be 32 or 64"; })
      .add("max_rate", &Config::max_rate,
           "The most that a second can add to a counter: tells a wrap from a restart; 0: not known.");
}

void add_life(Options<Config>& options) {
  options
      .add("environment", &Config::environment,
           "Variables for the program, besides the few that it gets anyway; of the daemon's own it sees no others.")
      .check(environment_fault)
      .add("directory", &Config::directory, "The folder in which the program runs.")
      .existing_path()
      .check(directory_fault)
      .add("restart", &Config::restart,
           "The pause before a program that ended is started again; it doubles up to 5m while the program does not "
           "stay.")
      .range(&Config::restart, 10ms, 5min)
      .add("timeout", &Config::timeout, "With `mode: poll`, the longest that one run may take.")
      .range(&Config::timeout, 10ms, 30s)
      .add("stop_timeout", &Config::stop_timeout, "How long the program may take to end after SIGTERM, before SIGKILL.")
      .range(&Config::stop_timeout, 0s, 10s)
      .add("max_line", &Config::max_line, "The longest line; what is longer is passed over and counted.")
      .range(&Config::max_line, ByteSize{64}, ByteSize{1 << 20})
      .add("max_lines", &Config::max_lines,
           "The most lines that are taken within a second, each KiB counted as one more and standard error too: a "
           "faster "
           "program has to wait; with `mode: poll` the most of one run, which is ended there.")
      .range(&Config::max_lines, 1, 10'000'000);
}

}  // namespace

Options<Config> options() {
  Options<Config> all;
  all.add("command", &Config::command, "The program and its arguments, an item each; there is no shell.")
      .required()
      .check(command_fault);
  add_meaning(all);
  add_life(all);
  return all;
}

}  // namespace trafficd::exec
