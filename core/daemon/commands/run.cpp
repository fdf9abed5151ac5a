#include "daemon/commands/run.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>

#include "daemon/configuration.hpp"
#include "daemon/memory.hpp"
#include "daemon/service.hpp"
#include "daemon/state_lock.hpp"
#include "engine/advice.hpp"
#include "engine/graph.hpp"
#include "engine/guard.hpp"
#include "engine/state_folder.hpp"
#include "engine/system_clock.hpp"

namespace trafficd {

namespace {

namespace fs = std::filesystem;

/// As one word for a shell.
std::string in_shell(const std::string& text) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+,:@%";
  if (!text.empty() && text.find_first_not_of(plain) == text.npos) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

/// The command that shows the first history that there will be.
std::string how_to_look(const Settings& settings, const fs::path& state) {
  for (const OutputSettings& output : settings.outputs) {
    if (output.plugin != "sqlite") continue;
    const ConfigNode* file = output.node.find("file");
    return file ? "trafficd report --file " + in_shell((state / file->text).native())
                : "trafficd report --state " + in_shell(state.native());
  }
  return "trafficd describe";
}

/// What a person who starts it by hand wants to know: what it watches, where it writes, how to look.
void greet(const Settings& settings, const std::string& file, const fs::path& state) {
  std::string inputs, outputs;
  for (const auto& each : settings.inputs)
    inputs +=
        concat(inputs.empty() ? "" : ", ", each.id, " (", each.plugin, ", every ", format_duration(each.interval), ")");
  for (const auto& each : settings.outputs)
    outputs += concat(outputs.empty() ? "" : ", ", each.id, " (", each.plugin, ")");
  std::fprintf(stderr,
               "trafficd " TRAFFICD_VERSION
               "\n"
               "  configuration  %s\n"
               "  watches        %s\n"
               "  writes to      %s, files in %s\n"
               "  look with      %s     (stop with Ctrl-C)\n\n",
               printable(file).c_str(), inputs.c_str(), outputs.c_str(), printable(state.native()).c_str(),
               printable(how_to_look(settings, state)).c_str());
}

/// The folder, made when missing, so that an ordinary user can read what is in it.
Status make_state_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error || access(folder.c_str(), W_OK | X_OK) != 0) {
    const std::string why = error ? error.message() : std::generic_category().message(errno);
    const bool in_the_way = error == std::errc::not_a_directory || error == std::errc::file_exists;
    return Status::fatal(concat("cannot write the state folder ", folder, ": ", why,
                                in_the_way ? "; move away what stands in its place, or give another with --state DIR"
                                           : "; give another with --state DIR, or change its owner"));
  }
  return Status::ok();
}

/// What is left is to destroy the instances, and that too is code of plugins: it may take a moment, and no more.
void end_whatever_hangs() {
  const auto watch = [] {
    std::this_thread::sleep_for(std::chrono::seconds(5));
    // By hand: everything else may be gone by now.
    constexpr std::string_view last = "a plugin does not let go of what it holds and is left behind\n";
    static_cast<void>(::write(STDERR_FILENO, last.data(), last.size()) > 0);
    _exit(3);
  };
  // All is saved by now: where the system gives no thread, nobody watches.
  static_cast<void>(guarded([&] { return std::thread(watch).detach(), Status::ok(); }));
}

int run(const ConfigurationOptions& options) {
  // Who asks for a reload already now gets it as soon as there is something to reload.
  sigset_t reload;
  sigemptyset(&reload);
  sigaddset(&reload, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &reload, nullptr);
  use_few_arenas();
  umask(022);
  const std::string file = configuration_file(options);
  Problems problems;
  const Settings settings = read_configuration(file, problems);
  Signals signals;
  Journal journal(settings.log);
  const auto given = options.state ? std::optional<fs::path>(*options.state) : std::nullopt;
  const auto folder = state_folder(given);
  if (!folder) {
    journal.own().error(folder.error());
    return 2;
  }

  SystemClock clock;
  MeterRegistry meters;
  StateStore store(*folder / "state.db", journal.own(), [&signals] { signals.raise_changed(); });
  const Services services{clock, journal, meters, store, *folder};
  Catalog catalog = make_catalog(options, settings);
  Graph graph(services, catalog, settings, problems, [&signals] { signals.raise_fatal(); });
  if (!problems.empty()) {
    print_problems(problems);
    // A constructor that hangs may go on just now, and uses what would be taken down.
    if (!graph.hanging().empty()) _exit(1);
    return 1;
  }
  StateLock lock;
  Status ready = make_state_folder(*folder);
  if (ready) ready = lock.take(*folder);
  if (ready) ready = store.open();
  if (!ready) {
    journal.own().error(ready.message());
    return 2;
  }
  if (isatty(STDERR_FILENO))
    greet(settings, file, *folder);
  else
    journal.own().info(concat("trafficd " TRAFFICD_VERSION " starts with ", file, ", files in ", *folder,
                              ", inputs: ", settings.inputs.size(), ", outputs: ", settings.outputs.size()));
  for (const Problem& each : advice(settings, catalog, file, *folder)) journal.own().warning(each.text());
  Service service({file, *folder, settings, catalog, graph, signals, store, journal, clock, meters});
  const int exit_code = service.run();
  journal.own().info(exit_code == 0 ? "stopped" : concat("stopped, exit code ", exit_code));
  end_whatever_hangs();
  return exit_code;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("run", "Run the service until SIGTERM or Ctrl-C");
  auto options = std::make_shared<ConfigurationOptions>();
  add_configuration_options(*command, *options);
  command->footer(
      "Exit codes: 0 stopped by a signal, or all inputs are recordings and have ended; 1 bad configuration,\n"
      "2 could not start, 3 stopped by a fatal error.");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace trafficd
