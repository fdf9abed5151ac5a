// One binary, subcommands in the manner of git.

#include <fcntl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "daemon/commands/check.hpp"
#include "daemon/commands/describe.hpp"
#include "daemon/commands/report.hpp"
#include "daemon/commands/run.hpp"

namespace {

/// A standard descriptor that is closed would be given to the next file that we open, and lines meant for a terminal
/// would go there. Opened for reading only, output to it still fails as it should.
void fill_standard_descriptors() {
  for (int fd = 0; fd <= 2; ++fd)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
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
