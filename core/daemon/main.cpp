// One binary, subcommands in the manner of git.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

#include "daemon/commands/check.hpp"
#include "daemon/commands/describe.hpp"
#include "daemon/commands/report.hpp"
#include "daemon/commands/run.hpp"

int main(int argc, char** argv) {
  // A closed pipe or socket answers EPIPE where it is written, and must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"trafficd - counts network traffic and never loses a byte", "trafficd"};
  app.set_version_flag("--version", "trafficd " TRAFFICD_VERSION);
  app.require_subcommand(1);
  app.fallthrough(false);
  int exit_code = 0;
  try {
    trafficd::add_run(app, exit_code);
    trafficd::add_check(app, exit_code);
    trafficd::add_describe(app, exit_code);
    trafficd::add_report(app, exit_code);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    // Help and version are good; a wrong command line is a bad configuration.
    return app.exit(e) == 0 ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "trafficd: unexpected error: %s\n", e.what());
    return 3;
  }
  return exit_code;
}
