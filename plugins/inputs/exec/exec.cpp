// Samples that a child process writes on its standard output, a line each. With `mode: stream` the program runs all the
// time, watched by this input's own thread; with `mode: poll` it runs once a tick, as a part of `collect`.

#include <cstdlib>

#include "program.hpp"
#include "session.hpp"

namespace trafficd::exec {

namespace {

using namespace std::chrono_literals;

constexpr Duration longest_pause = 5min, stayed = 1min, short_life = 10s, silent = 30s;

/// What both modes start: the program, looked up anew each time, because it may have been exchanged meanwhile.
class Program {
 public:
  Program(const ConfigNode& node, Host& its_host) : config(options().parse(node)), host(its_host), feed(config, host) {}

  Result<Command> find() const {
    const char* path = std::getenv("PATH");
    auto file = find_program(config.command[0], path != nullptr ? path : "/usr/bin:/bin");
    if (!file) return Error{file.error()};
    return Command{.program = *std::move(file),
                   .arguments = config.command,
                   .environment = program_environment(config, host.id(), host.interval()),
                   .directory = config.directory};
  }
  Status check() const {
    const auto found = find();
    return found ? Status::ok() : Status::retry(found.error());
  }
  Result<Child> start() {
    const auto found = find();
    if (!found) return Error{found.error()};
    starts.fetch_add(1, std::memory_order_relaxed);
    return Child::start(*found);
  }

  const Config config;
  Host& host;
  Feed feed;
  std::atomic<std::uint64_t>& starts = host.meter().counter("starts");
};

class Stream final : public StreamInput {
 public:
  Stream(const ConfigNode& node, Host& host)
      : program_(node, host), host_(host), trouble_(host.log(), host.clock()), fast_(host.log(), host.clock()) {}

  Status open() override { return program_.check(); }

  Status run(std::stop_token stop, Emitter& emitter) override {
    Backoff backoff(program_.config.restart, longest_pause);
    while (true) {
      begun_ = host_.clock().steady();
      std::string trouble;
      if (live(stop, emitter, trouble)) return Status::ok();
      if (host_.clock().steady() - begun_ >= stayed) backoff.reset();
      const Duration pause = backoff.next();
      trouble_.complain(Level::warning, concat(trouble, "; starts again in ", rounded(pause)));
      if (host_.clock().wait({}, host_.clock().steady() + pause, stop) == Wake::stop) return Status::ok();
    }
  }

 private:
  /// One life of the program; true when it was ended by a stop, else `trouble` says what happened.
  bool live(const std::stop_token& stop, Emitter& emitter, std::string& trouble) {
    auto child = program_.start();
    if (!child) {
      trouble = child.error();
      return false;
    }
    Session session(*std::move(child), program_.feed, host_);
    const bool stopped = follow(session, stop, emitter);
    const bool runs_on = !stopped && !session.has_ended();
    Batch last;
    const std::string how = session.end(program_.config.stop_timeout, last);
    emitter.emit(last);
    const Duration life = host_.clock().steady() - begun_;
    trouble = concat("the program ", runs_on ? "closed its standard output, was stopped and " : "", how, " after ",
                     rounded(life));
    if (session.ended_well() && life < short_life) trouble += "; one that prints and ends wants 'mode: poll'";
    return stopped;
  }

  /// Takes what the program writes until it ends, or a stop is asked for: true.
  bool follow(Session& session, const std::stop_token& stop, Emitter& emitter) {
    const std::uint64_t before = program_.feed.lines();
    // When to say that there is no line yet; once the output is closed, when the program must have ended.
    SteadyTime deadline = begun_ + std::max<Duration>(silent, 3 * host_.interval());
    bool closed = false;
    while (true) {
      const Wake wake = host_.clock().wait(session.descriptors(), deadline, stop);
      if (wake == Wake::stop || !keep_pace(stop)) return true;
      if (wake == Wake::deadline && closed) return false;
      Batch batch;
      const bool goes_on = session.take(batch);
      emitter.emit(batch);
      if (!goes_on) return false;
      if (trouble_.active() && host_.clock().steady() - begun_ >= stayed) trouble_.resolve("the program stays");
      if (!closed && session.output_closed()) {
        closed = true;
        deadline = host_.clock().steady() + program_.config.stop_timeout;
      } else if (!closed && (wake == Wake::deadline || program_.feed.lines() != before)) {
        if (program_.feed.lines() == before)
          host_.log().warning("no line came yet: does the program flush its output after each one?");
        deadline = SteadyTime::max();
      }
    }
  }

  /// A program that writes faster than is allowed has to wait, with its pipe full. False when a stop came meanwhile.
  bool keep_pace(const std::stop_token& stop) {
    const std::uint64_t most = program_.config.max_lines;
    const SteadyTime now = host_.clock().steady();
    if (now - second_ >= 1s) {
      second_ = now;
      paid_ = program_.feed.work();
    }
    if (program_.feed.work() - paid_ < most) return true;
    held_back_.fetch_add(1, std::memory_order_relaxed);
    fast_.complain(Level::warning, concat("more than ", most,
                                          " lines within a second: the program has to wait; raise "
                                          "'max_lines' if so many are right"));
    return host_.clock().wait({}, second_ + 1s, stop) != Wake::stop;
  }

  static std::string rounded(Duration time) {
    return format_duration(std::chrono::round<std::chrono::milliseconds>(time));
  }

  Program program_;
  Host& host_;
  Complaint trouble_, fast_;
  std::atomic<std::uint64_t>& held_back_ = host_.meter().counter("held_back");
  SteadyTime begun_{}, second_{};
  std::uint64_t paid_ = 0;  // work up to the begin of this second
};

class Poll final : public PollInput {
 public:
  Poll(const ConfigNode& node, Host& host) : program_(node, host), cut_(host.log(), host.clock()) {}

  Status open() override { return program_.check(); }

  Status collect(Batch& out) override {
    auto child = program_.start();
    if (!child) return Status::retry(child.error());
    Host& host = program_.host;
    Session session(*std::move(child), program_.feed, host, host.clock().now());
    const Duration patience = program_.config.timeout;
    const std::uint64_t first = program_.feed.work(), samples = program_.feed.samples();
    const Patience until(patience);
    std::string trouble;
    while (trouble.empty() && session.take(out)) {
      if (program_.feed.work() - first > program_.config.max_lines)
        trouble = concat("the program wrote more than 'max_lines' (", program_.config.max_lines, ") and was stopped");
      else if (!until.wait(session.descriptors()))
        trouble = concat("the program took longer than 'timeout' (", format_duration(patience), ") and was stopped");
    }
    const std::string how = session.end(program_.config.stop_timeout, out);
    if (!trouble.empty()) {
      cut_runs_.fetch_add(1, std::memory_order_relaxed);
      return Status::retry(std::move(trouble));
    }
    if (session.ended_well()) {
      cut_.resolve("the program ends well again");
      return Status::ok();
    }
    // One that gave what it has is asked at the next tick again.
    if (program_.feed.samples() == samples) return Status::retry("the program " + how);
    cut_.complain(Level::warning, concat("the program ", how, "; what it wrote is taken"));
    return Status::ok();
  }

 private:
  Program program_;
  Complaint cut_;
  std::atomic<std::uint64_t>& cut_runs_ = program_.host.meter().counter("cut_runs");
};

Mode mode_of(const ConfigNode& node) { return options().parse(node).mode; }

Declarations declarations() {
  return {.options = options().docs(),
          .notes = "What the lines of the program say: a measurement for each name, made when its first line comes."};
}

}  // namespace
}  // namespace trafficd::exec

// Not by TRAFFICD_INPUT: which kind of input it is, its mode says.
extern "C" const trafficd::PluginDescriptor* trafficd_input_exec();
extern "C" const trafficd::PluginDescriptor* trafficd_input_exec() {
  using namespace trafficd;
  static const PluginDescriptor descriptor{
      .type = PluginType::input,
      .name = "exec",
      .help = "Samples that a program of any language writes on its standard output, a line each.",
      .declare = exec::declarations,
      .make_input = [](const ConfigNode& node, Host& host) -> InputInstance {
        if (exec::mode_of(node) == exec::Mode::poll) return std::make_unique<exec::Poll>(node, host);
        return std::make_unique<exec::Stream>(node, host);
      }};
  return &descriptor;
}
