#include "daemon/commands/run.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <thread>

#include "daemon/clock_gate.hpp"
#include "daemon/configuration.hpp"
#include "daemon/memory.hpp"
#include "daemon/notify.hpp"
#include "daemon/signals.hpp"
#include "daemon/state_lock.hpp"
#include "engine/advice.hpp"
#include "engine/graph.hpp"
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

// What an instance may take beyond the deadline of the stop: the rest of its last call.
constexpr Duration stop_grace = std::chrono::seconds(5);
// For bringing to disk what a hanging instance leaves; a disk that hangs too must not keep us.
constexpr Duration rescue_time = std::chrono::seconds(10);
// Two signals at once are one wish: `timeout` sends one to its child and one to the child's group.
constexpr Duration same_wish = std::chrono::milliseconds(500);

/// Ends the process when a stop hangs or is asked for again: nothing that a plugin does may keep the daemon from
/// ending.
class StopWatch {
 public:
  StopWatch(Graph& graph, StateStore& store, Signals& signals, Logger& log, Duration deadline)
      : thread_([&graph, &store, &signals, &log, deadline](const std::stop_token& done) {
          const auto begin = std::chrono::steady_clock::now(), end = begin + deadline;
          bool again = false;
          for (auto now = begin; now < end && !again; now = std::chrono::steady_clock::now()) {
            if (done.stop_requested()) return;
            again = signals.wait(100) == Signals::Event::stop && std::chrono::steady_clock::now() - begin >= same_wish;
          }
          const std::string why = again ? "asked to stop again" : "the deadline of the stop has passed";
          if (done.stop_requested()) return;
          std::thread([] {
            std::this_thread::sleep_for(rescue_time);
            _exit(3);
          }).detach();
          const std::vector<std::string> left = graph.running();
          graph.rescue();
          if (const Status status = store.checkpoint(); !status) log.error(status.message());
          for (const std::string& name : left)
            log.error(concat(why, ": ", name, " still runs and is left behind; what it holds only in memory is lost"));
          _exit(3);
        }) {}

 private:
  std::jthread thread_;
};

/// Until the end; answers the exit code.
int serve(Graph& graph, const Settings& settings, Signals& signals, StateStore& store, Journal& journal, Clock& clock,
          const fs::path& state) {
  // A machine without a clock may take a while to learn the time, and whoever sets it may wait for us to be ready.
  notify("READY=1");
  if (!wait_for_clock(clock, signals, journal.own(), state)) return 0;
  // Now, not later: what the first tick touches again is what every tick needs.
  release_start_up_memory();
  graph.start();
  Complaint unsaved(journal.own(), clock);
  const int pause =
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(settings.checkpoint).count());
  int exit_code = 0;
  const bool on_terminal = isatty(STDERR_FILENO) != 0;
  bool unwritten = false;  // nothing to write: nothing to wake up for
  for (bool running = true; running;) {
    switch (signals.wait(unwritten ? pause : -1)) {
      case Signals::Event::none: break;
      case Signals::Event::changed: unwritten = true; continue;
      case Signals::Event::reload:
        // The terminal that it was started on is gone, and so is whoever could stop it there.
        if (on_terminal && isatty(STDERR_FILENO) == 0) {
          journal.own().info("the terminal was closed");
          running = false;
          break;
        }
        journal.own().warning("SIGHUP: reload is not supported yet; restart to change the configuration");
        break;
      case Signals::Event::stop: running = false; break;
      case Signals::Event::fatal:
        running = false;
        exit_code = 2;
        break;
    }
    const Status status = store.checkpoint();
    unwritten = !status;
    if (!status)
      unsaved.complain(Level::warning, status.message());
    else
      unsaved.resolve("state is saved again");
  }
  notify("STOPPING=1");
  const StopWatch watch(graph, store, signals, journal.own(), settings.stop_deadline + stop_grace);
  const SteadyTime until = clock.steady() + settings.stop_deadline;
  graph.stop_sources();
  // Before the outputs, which may take until their deadline and be killed then.
  if (const Status status = store.checkpoint(); !status) journal.own().error(status.message());
  // The inputs may have used up the time; a moment for the outputs is left within the grace.
  const Duration moment = std::min<Duration>(settings.stop_deadline, std::chrono::seconds(1));
  graph.stop_outputs(std::max(until - clock.steady(), moment));
  if (const Status status = store.checkpoint(); !status) {
    journal.own().error(status.message());
    exit_code = 3;
  }
  return exit_code;
}

int run(const ConfigurationOptions& options) {
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
    return 1;
  }
  StateLock lock;
  for (const Status& status : {make_state_folder(*folder), lock.take(*folder)})
    if (!status) {
      journal.own().error(status.message());
      return 2;
    }
  if (isatty(STDERR_FILENO))
    greet(settings, file, *folder);
  else
    journal.own().info(concat("trafficd " TRAFFICD_VERSION " starts with ", file, ", files in ", *folder,
                              ", inputs: ", settings.inputs.size(), ", outputs: ", settings.outputs.size()));
  for (const Problem& each : advice(settings, catalog, file, *folder)) journal.own().warning(each.text());
  const int exit_code = serve(graph, settings, signals, store, journal, clock, *folder);
  journal.own().info(exit_code == 0 ? "stopped" : concat("stopped, exit code ", exit_code));
  return exit_code;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("run", "Run the service until SIGTERM or Ctrl-C");
  auto options = std::make_shared<ConfigurationOptions>();
  add_configuration_options(*command, *options);
  command->footer(
      "Exit codes: 0 stopped by a signal, 1 bad configuration, 2 could not start, 3 stopped by a fatal error.");
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace trafficd
