// One binary, subcommands in the manner of git.

#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "daemon/command_line.hpp"
#include "daemon/commands/check.hpp"
#include "daemon/commands/describe.hpp"
#include "daemon/commands/doubtful.hpp"
#include "daemon/commands/reload.hpp"
#include "daemon/commands/replay.hpp"
#include "daemon/commands/report.hpp"
#include "daemon/commands/run.hpp"
#include "daemon/commands/status.hpp"
#include "trafficd/units.hpp"

namespace {

/// A standard descriptor that is closed would be given to the next file that we open, and lines meant for a terminal
/// would go there. Opened for reading only, output to it still fails as it should.
void fill_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) std::abort();
}

/// A text that did not arrive is no success, whatever command made it.
int with_output_written(int exit_code) {
  constexpr int could_not = 2;
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good()) return exit_code;
  std::fputs("trafficd: cannot write to standard output: is the disk full, or its reader gone?\n", stderr);
  return exit_code == 0 ? could_not : exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  // A closed pipe or socket answers EPIPE where it is written, and must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  // Who starts us may not want to hear of children; we do.
  std::signal(SIGCHLD, SIG_DFL);
  CLI::App app{"trafficd - counts network traffic and never loses a byte", "trafficd"};
  app.set_version_flag("--version", "trafficd " TRAFFICD_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  app.failure_message(trafficd::command_line_fault);
  int exit_code = 0;
  if (const std::string fault = trafficd::empty_value_fault({argv, static_cast<std::size_t>(argc)}); !fault.empty()) {
    std::fputs(fault.c_str(), stderr);
    return 1;
  }
  try {
    trafficd::add_run(app, exit_code);
    trafficd::add_check(app, exit_code);
    trafficd::add_describe(app, exit_code);
    trafficd::add_report(app, exit_code);
    trafficd::add_replay(app, exit_code);
    trafficd::add_doubtful(app, exit_code);
    trafficd::add_status(app, exit_code);
    trafficd::add_reload(app, exit_code);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // Help and version are good; a wrong command line is a bad configuration.
    exit_code = app.exit(e) == 0 ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "trafficd: unexpected error: %s\n", trafficd::printable(e.what()).c_str());
    return 3;
  }
  return with_output_written(exit_code);
}
