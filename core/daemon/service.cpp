#include "daemon/service.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <thread>

#include "daemon/clock_gate.hpp"
#include "daemon/configuration.hpp"
#include "daemon/memory.hpp"
#include "daemon/notify.hpp"
#include "engine/advice.hpp"
#include "engine/guard.hpp"
#include "history/tiers.hpp"

namespace trafficd {

namespace {

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
          // First, for what follows may hang with the disk.
          for (const std::string& name : graph.running())
            log.error(concat(why, ": ", name, " still runs and is left behind",
                             // An output tells by itself what it could not bring to disk.
                             name.starts_with("output ") ? "" : "; what it holds in memory is lost"));
          graph.rescue();
          if (const Status status = store.checkpoint(); !status) log.error(status.message());
          _exit(3);
        }) {}

 private:
  std::jthread thread_;
};

constexpr const char* own_role = "daemon";
// Meanwhile nobody answers commands.
constexpr Duration longest_wait = std::chrono::seconds(5);
constexpr Duration deaf_pause = std::chrono::seconds(1);
// By then all have opened what they read and write, and what starting took is let go once more.
constexpr Duration settling_time = std::chrono::seconds(10);
// Between two looks whether outputs have written the last of a recording.
constexpr Duration look_pause = std::chrono::milliseconds(50);

/// What systemd waits for after it asked for a reload: the moment by its own clock, then READY=1.
void notify_reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  notify(concat("RELOADING=1\nMONOTONIC_USEC=", microseconds));
}

std::string outdated(const std::string& file) {
  return concat("reload: ", file,
                " is another file than the one that was loaded; its code is taken with the next start");
}

}  // namespace

Service::Service(Parts parts)
    : parts_(std::move(parts)),
      log_(parts_.journal.own()),
      on_terminal_(isatty(STDERR_FILENO) != 0),
      meter_(parts_.meters.add("trafficd", own_role, "")),
      started_(parts_.clock.now()) {
  meter_->gauge("generation") = 1;
}

int Service::run() {
  // A machine without a clock may take a while to learn the time, and whoever sets it may wait for us to be ready.
  notify("READY=1");
  bool reload_wanted = false;
  // What only replays goes by the time in its recordings.
  if (!parts_.graph.only_replays() && !wait_for_clock(parts_.clock, parts_.signals, log_, parts_.state, reload_wanted))
    return 0;
  // Now, not later: what the first tick touches again is what every tick needs.
  release_start_up_memory();
  parts_.graph.start([&signals = parts_.signals] { signals.raise_ended(); });
  if (const Status listening = control_.open(parts_.state); !listening) log_.warning(listening.message());
  parts_.signals.listen_to(control_.descriptor());
  if (reload_wanted) reload();
  return stop(serve());
}

/// For a time-out; -1: there is nothing to wait for.
int Service::milliseconds_until(std::initializer_list<std::optional<SteadyTime>> moments) const {
  SteadyTime first = SteadyTime::max();
  for (const std::optional<SteadyTime>& each : moments) first = std::min(first, each.value_or(first));
  if (first == SteadyTime::max()) return -1;
  const Duration left = std::max(first - parts_.clock.steady(), Duration::zero());
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

int Service::serve() {
  Complaint unsaved(log_, parts_.clock), deaf(log_, parts_.clock);
  std::optional<SteadyTime> save, listen, look;  // nothing to do: nothing to wake up for
  const auto later = [this](Duration pause) { return parts_.clock.steady() + pause; };
  const auto is_due = [this](const std::optional<SteadyTime>& at) { return at && *at <= parts_.clock.steady(); };
  std::optional<SteadyTime> settle = later(settling_time);
  while (true) {
    // Each time, and not only when nothing else is to be done: there may always be somebody who asks.
    if (is_due(save)) save = checkpoint(unsaved) ? std::nullopt : std::optional(later(parts_.settings.checkpoint));
    if (is_due(settle)) {
      settle.reset();
      release_start_up_memory();
    }
    if (is_due(listen)) {
      listen.reset();
      parts_.signals.listen_to(control_.descriptor());
    }
    switch (parts_.signals.wait(milliseconds_until({save, listen, look, settle}))) {
      case Signals::Event::none:
      case Signals::Event::ended: break;
      case Signals::Event::changed: save = save.value_or(later(parts_.settings.checkpoint)); break;
      case Signals::Event::stop: return 0;
      case Signals::Event::fatal: return 2;
      case Signals::Event::reload:
        // The terminal that it was started on is gone, and so is whoever could stop it there.
        if (on_terminal_ && isatty(STDERR_FILENO) == 0) {
          log_.info("the terminal was closed");
          return 0;
        }
        reload();
        break;
      case Signals::Event::asked:
        if (const Status served = control_.serve([this](const auto& request) { return answer(request); }); served) {
          deaf.resolve("commands are answered again");
        } else {
          // They wait still, and would keep us busy.
          deaf.complain(Level::warning, served.message());
          parts_.signals.listen_to(-1);
          listen = later(deaf_pause);
        }
        break;
    }
    const Graph::End end = parts_.graph.end();
    if (end == Graph::End::whole || end == Graph::End::failed) return replayed(end);
    look = end == Graph::End::emptying ? std::optional(later(look_pause)) : std::nullopt;
  }
}

int Service::replayed(Graph::End end) {
  if (end == Graph::End::whole) {
    log_.info("all recordings have ended");
    replayed_ = true;
    return 0;
  }
  // It may be one that takes the daemon with it, and has told so by now.
  if (parts_.signals.wait(0) == Signals::Event::fatal) return 2;
  log_.error("all recordings have ended, and not all of them has gone through: see the errors above");
  return 3;
}

bool Service::checkpoint(Complaint& unsaved) {
  // One that another thread makes, on a disk that hangs perhaps, must not keep us from the next signal.
  const Status status = parts_.store.checkpoint(false);
  if (status)
    unsaved.resolve("state is saved again");
  else
    unsaved.complain(Level::warning, status.message());
  return status.is_ok();
}

boost::json::object Service::reload() {
  notify_reloading();
  Problems problems;
  const Settings settings = read_configuration(parts_.file, problems, std::chrono::seconds(2));
  std::optional<Changes> changes = Changes{};
  const Status done = guarded([&] {
    if (problems.empty())
      changes = parts_.graph.reload(parts_.catalog, settings, std::min(settings.stop_deadline, longest_wait),
                                    Signals::stop_waits, problems);
    return Status::ok();
  });
  if (!done) problems.push_back({{}, parts_.file, done.message()});
  boost::json::object answer;
  if (!problems.empty()) {
    answer = refused(problems);
  } else if (changes) {
    answer = taken(settings, *changes);
  } else {
    log_.warning("reload: not taken, for the daemon is asked to stop");
    answer["problems"] = boost::json::array{"the daemon is asked to stop"};
  }
  answer["generation"] = generation_;
  notify("READY=1");
  return answer;
}

boost::json::object Service::refused(const Problems& problems) {
  boost::json::array faults;
  for (const Problem& each : problems) {
    log_.error(each.text());
    faults.emplace_back(each.text());
  }
  for (const std::string& file : parts_.catalog.outdated()) log_.warning(outdated(file));
  log_.error(concat("reload: ", parts_.file, " has faults and was not taken; generation ", generation_, " runs on"));
  return {{"problems", std::move(faults)}};
}

boost::json::object Service::taken(const Settings& settings, const Changes& changes) {
  parts_.settings = settings;
  boost::json::array warnings;
  const auto warn = [&](const std::string& text) {
    log_.warning(text);
    warnings.emplace_back(text);
  };
  for (const std::string& option : changes.at_restart)
    warn(concat("reload: '", option, "' changes with the next start"));
  for (const std::string& file : parts_.catalog.outdated()) warn(outdated(file));
  for (const Problem& each : advice(settings, parts_.catalog, parts_.file, parts_.state)) warn(each.text());
  if (!changes.empty()) meter_->gauge("generation") = static_cast<std::int64_t>(++generation_);
  log_.info(changes.empty() ? concat("reload: nothing has changed, generation ", generation_, " runs on")
                            : concat("reload: generation ", generation_, ": ", changes.text()));
  release_start_up_memory();
  return {{"changes", changes.text()}, {"warnings", std::move(warnings)}};
}

boost::json::object Service::answer(const boost::json::object& request) {
  const boost::json::value* command = request.if_contains("command");
  if (command && *command == "status") return status();
  if (command && *command == "reload") return reload();
  return {{"error", "this daemon knows the commands status and reload"}};
}

boost::json::object Service::status() const {
  boost::json::array instances;
  for (const SelfReading& each : parts_.meters.readings()) {
    if (each.role == own_role) continue;
    boost::json::array losses;
    for (const SelfReading::Loss& loss : each.losses)
      losses.push_back({{"reason", loss.reason},
                        {"samples", loss.samples},
                        {"from", history::unix_seconds(loss.first)},
                        {"to", history::unix_seconds(loss.last)}});
    instances.push_back({{"role", each.role},
                         {"id", each.instance},
                         {"plugin", each.plugin},
                         {"condition", parts_.graph.condition(each.role, each.instance, each.plugin)},
                         {"samples_in", each.samples_in},
                         {"samples_out", each.samples_out},
                         {"dropped", each.dropped},
                         {"rejected", each.rejected},
                         {"errors", each.errors},
                         {"queue", each.queue},
                         {"queue_limit", each.queue_limit},
                         {"series", each.series},
                         {"losses", std::move(losses)}});
  }
  boost::json::array hanging;
  for (const std::string& name : parts_.graph.hanging()) hanging.emplace_back(name);
  return {{"version", TRAFFICD_VERSION},
          {"process", static_cast<std::int64_t>(getpid())},
          {"configuration", parts_.file},
          {"generation", generation_},
          {"started", history::unix_seconds(started_)},
          {"instances", std::move(instances)},
          {"left_behind", std::move(hanging)}};
}

/// Whether something was left that could neither be written nor kept on disk.
bool Service::lost_at_stop() const {
  for (const SelfReading& reading : parts_.meters.readings())
    for (const SelfReading::Loss& loss : reading.losses)
      if (loss.reason == "stop" && loss.samples > 0) return true;
  return false;
}

int Service::stop(int exit_code) {
  notify("STOPPING=1");
  parts_.signals.listen_to(-1);
  const Duration deadline = parts_.settings.stop_deadline;
  const StopWatch watch(parts_.graph, parts_.store, parts_.signals, log_, deadline + stop_grace);
  const SteadyTime until = parts_.clock.steady() + deadline;
  parts_.graph.stop_sources();
  // Before the outputs, which may take until their deadline and be killed then.
  if (const Status status = parts_.store.checkpoint(); !status) log_.error(status.message());
  // The inputs may have used up the time; a moment for the outputs is left within the grace.
  const Duration moment = std::min<Duration>(deadline, std::chrono::seconds(1));
  parts_.graph.stop_outputs(std::max(until - parts_.clock.steady(), moment));
  if (const Status status = parts_.store.checkpoint(); !status) {
    log_.error(status.message());
    exit_code = 3;
  }
  if (replayed_ && lost_at_stop()) exit_code = 3;
  // What a reload left behind hangs still: its thread cannot be waited for.
  const std::vector<std::string> left = parts_.graph.running();
  if (left.empty()) return exit_code;
  for (const std::string& name : left) log_.error(concat(name, " still runs and is left behind"));
  _exit(3);
}

}  // namespace trafficd
