// The testing kit itself: a bench that let mistakes through would make every other test worthless.

#include <unistd.h>

#include "catch.hpp"
#include "trafficd/testing/bench.hpp"
#include "trafficd/testing/golden.hpp"

using namespace std::chrono_literals;

namespace trafficd::testing {
namespace {

const MeasurementPtr probe = make_measurement("probe", "A probe.", {{"n", Kind::counter, "1", "Count."}}, {"id"});

/// Fails at every third collect.
class Counting final : public PollInput {
 public:
  Counting(const ConfigNode&, Host& host) : host_(host) {}
  static Declarations declare() { return {{}, {probe}, {}}; }
  Status collect(Batch& out) override {
    if (++calls_ % 3 == 0) return Status::retry("third time unlucky");
    out.push_back(
        {.series = host_.series(probe, {{"id", "a"}}), .time = host_.clock().now(), .epoch = 5, .values = {calls_}});
    return Status::ok();
  }
  void close() noexcept override { host_.log().info("closed"); }

 private:
  Host& host_;
  std::uint64_t calls_ = 0;
};

/// Emits whenever its descriptor is readable, and its total at the end.
class Listening final : public StreamInput {
 public:
  Listening(const ConfigNode&, Host& host) : host_(host) {}
  static Declarations declare() { return {{}, {probe}, {}}; }
  Status open() override { return ::pipe(ends_) == 0 ? Status::ok() : Status::fatal("no pipe"); }
  Status run(std::stop_token stop, Emitter& emitter) override {
    while (true) {
      const int fds[] = {-1, ends_[0]};
      const Wake wake = host_.clock().wait(fds, host_.clock().steady() + 10s, stop);
      if (wake == Wake::readable) {
        char byte;
        if (::read(ends_[0], &byte, 1) == 1) ++bytes_;
      } else {
        Batch batch{{.series = host_.series(probe, {{"id", "a"}}),
                     .time = host_.clock().now(),
                     .epoch = 5,
                     .values = {bytes_}}};
        emitter.emit(batch);
      }
      if (wake == Wake::stop) return Status::ok();
    }
  }
  void close() noexcept override {
    for (const int end : ends_) ::close(end);
  }
  void send() const { CHECK(::write(ends_[1], "x", 1) == 1); }

 private:
  Host& host_;
  int ends_[2] = {-1, -1};
  std::uint64_t bytes_ = 0;
};

/// Lets everything pass and adds a sample at each tick.
class Ticking final : public Stage {
 public:
  Ticking(const ConfigNode&, Host& host) : host_(host) {}
  static Declarations declare() { return {{}, {}, {}}; }
  void process(Batch&) override {}
  Duration tick_interval() const override { return 1min; }
  void tick(Timestamp now, Batch& out) override {
    out.push_back({.series = host_.series(probe, {{"id", "tick"}}), .time = now, .values = {1}});
  }

 private:
  Host& host_;
};

std::vector<std::int64_t> seconds_of(const Batch& batch) {
  std::vector<std::int64_t> all;
  for (const Sample& sample : batch)
    all.push_back(std::chrono::floor<std::chrono::seconds>(sample.time - ManualClock::default_start).count());
  return all;
}

const char* const line = "lan/probe,id=a n=1c 1700000000000000000 5\n";

/// The outcome of a golden case with the stage above, which changes nothing.
std::string run_golden(std::string_view config, std::string_view input, std::string_view expected) {
  const TempFolder folder;
  folder.write("config.yaml", config);
  folder.write("input.txt", input);
  folder.write("expected.txt", expected);
  return run_case(describe_plugin<Ticking>("ticking", ""), folder.path());
}

}  // namespace

TEST_CASE("waiting takes no time and follows the deadline") {
  ManualClock clock;
  const SteadyTime start = clock.steady();
  CHECK(clock.wait({}, start + 5s, {}) == Wake::deadline);
  CHECK(clock.steady() == start + 5s);
  CHECK(clock.now() == ManualClock::default_start + 5s);
  CHECK(clock.wait({}, start, {}) == Wake::deadline);
  CHECK(clock.steady() == start + 5s);
  clock.step_wall(-1h);
  CHECK(clock.now() == ManualClock::default_start + 5s - 1h);
  CHECK(clock.steady() == start + 5s);
}

TEST_CASE("a wait ends at the horizon, at a stop, or never comes to an end that nobody set") {
  ManualClock clock;
  const SteadyTime start = clock.steady();
  CHECK(clock.wait({}, SteadyTime::max(), {}) == Wake::stop);
  clock.set_horizon(start + 3s);
  CHECK(clock.wait({}, start + 3s, {}) == Wake::deadline);
  CHECK(clock.wait({}, start + 4s, {}) == Wake::stop);
  CHECK(clock.steady() == start + 3s);
  std::stop_source source;
  source.request_stop();
  CHECK(clock.wait({}, start, source.get_token()) == Wake::stop);
}

TEST_CASE("what is planned happens on the way, in order") {
  ManualClock clock;
  std::vector<std::int64_t> times;
  const SteadyTime start = clock.steady();
  const auto note = [&] { times.push_back((clock.steady() - start) / 1s); };
  clock.at(7s, note);
  clock.at(2s, note);
  CHECK(clock.wait({}, start + 5s, {}) == Wake::deadline);
  CHECK(times == std::vector<std::int64_t>{2});
  clock.advance(5s);
  CHECK(times == std::vector<std::int64_t>{2, 7});
}

TEST_CASE("a poll input collects at once and at aligned ticks") {
  const PluginDescriptor plugin = describe_plugin<Counting>("counting", "");
  Bench bench(plugin, "interval: 10s", {.start = ManualClock::default_start + 3s});
  CHECK(bench.advance(8s).is_ok());
  CHECK(seconds_of(bench.samples()) == std::vector<std::int64_t>{3, 10});
  const Status status = bench.advance(30s);
  CHECK(status.message() == "third time unlucky");
  CHECK(seconds_of(bench.samples()) == std::vector<std::int64_t>{3, 10, 30, 40});
  CHECK(bench.log().count(Level::info) == 0);
  bench.close();
  CHECK(bench.log().count(Level::info) == 1);
}

TEST_CASE("a stream input runs until the end of the time that passes") {
  const PluginDescriptor plugin = describe_plugin<Listening>("listening", "");
  Bench bench(plugin);
  REQUIRE(bench.open().is_ok());
  const auto& input = dynamic_cast<const Listening&>(bench.stream_input());
  bench.clock().at(4s, [&] { input.send(); });
  bench.clock().at(25s, [&] { input.send(); });
  CHECK(bench.advance(30s).is_ok());
  // At 4 s and 25 s a byte came and the next deadline was set anew; at 30 s the time was over.
  CHECK(seconds_of(bench.samples()) == std::vector<std::int64_t>{14, 24, 30});
  CHECK(bench.samples().back().values == std::vector<Value>{2});
}

namespace {

struct Tape final : StreamInput {
  Tape(const ConfigNode&, Host& given) : host(given) {}
  static Declarations declare() { return {{}, {probe}, {}}; }
  bool recorded() const override { return true; }
  Status run(std::stop_token, Emitter& emitter) override {
    Batch batch{{.series = host.series(probe, {{"id", "a"}}),
                 .time = ManualClock::default_start + 1s,
                 .epoch = 5,
                 .values = {7U}}};
    emitter.emit(batch);
    return Status::ok();
  }
  Host& host;
};

}  // namespace

TEST_CASE("the bench reads a recording once, however much time passes") {
  const PluginDescriptor plugin = describe_plugin<Tape>("tape", "");
  Bench bench(plugin);
  CHECK(bench.advance(10s).is_ok());
  CHECK(bench.advance(10s).is_ok());
  CHECK(seconds_of(bench.samples()) == std::vector<std::int64_t>{1});
  bench.close();
  CHECK(bench.advance(10s).is_ok());
  CHECK(bench.samples().size() == 2);
}

TEST_CASE("the bench obeys the options of every instance, and refuses what the daemon would") {
  const PluginDescriptor plugin = describe_plugin<Counting>("counting", "");
  Bench bench(plugin, "plugin: counting\ntags: { site: home }\nmax_series: 1\nlog: debug\n");
  CHECK(bench.collect().is_ok());
  CHECK(bench.samples()[0].series->tag("site") == "home");
  CHECK_FALSE(bench.samples()[0].series->muted());
  CHECK(bench.collect().is_ok());
  CHECK(bench.samples()[1].series->muted());
  CHECK_THROWS_AS(Bench(plugin, "plugin: other"), ConfigError);
  CHECK_THROWS_AS(Bench(plugin, "a: [unclosed"), ConfigError);
}

TEST_CASE("lines share measurement and handle, and bad ones are not passed over") {
  LineReader reader;
  const Batch batch =
      reader.read(std::string("# comment\n\n") + line + line + "lan/probe,id=b n=1c 1700000000000000000 6");
  REQUIRE(batch.size() == 3);
  CHECK(batch[0].series == batch[1].series);
  CHECK(batch[0].series != batch[2].series);
  CHECK(batch[0].series->measurement_ptr() == batch[2].series->measurement_ptr());
  CHECK_THROWS_AS(reader.read("nonsense\n"), std::runtime_error);
}

TEST_CASE("the cases of a plugin are good when there are some and all of them are") {
  const PluginDescriptor plugin = describe_plugin<Ticking>("ticking", "");
  const TempFolder folder;
  CHECK(run_cases(plugin, folder.path()) == 1);
  const auto add = [&](const std::string& name, std::string_view expected) {
    folder.write("cases/" + name + "/config.yaml", "plugin: ticking");
    folder.write("cases/" + name + "/input.txt", line);
    folder.write("cases/" + name + "/expected.txt", expected);
  };
  add("good", line);
  CHECK(run_cases(plugin, folder.path()) == 0);
  add("bad", "");
  CHECK(run_cases(plugin, folder.path()) == 1);
}

TEST_CASE("a golden case passes when all is as expected, and only then") {
  CHECK(run_golden("plugin: ticking", line, line) == "");
  CHECK(run_golden("plugin: ticking", line, "").find("line 1") == 0);
  CHECK(run_golden("plugin: ticking", "", line).find("line 1") == 0);
  CHECK(run_golden("plugin: ticking", std::string("# tick 1m\n") + line, line).find("line 1") == 0);
  CHECK(run_golden("plugin: other", line, line).find("the case did not run") == 0);
  CHECK(run_golden("plugin: ticking", "nonsense\n", "").find("the case did not run") == 0);
  CHECK(run_golden("plugin: ticking", "# remove nothing\n", "").find("the case did not run") == 0);
}

TEST_CASE("a golden case shows warnings and hides its own place") {
  class Warning final : public PollInput {
   public:
    Warning(const ConfigNode& node, Host& host) : host_(host), file_(node.find("file")->text) {}
    static Declarations declare() { return {}; }
    Status collect(Batch&) override {
      if (std::filesystem::exists(file_)) host_.log().warning(file_ + " is there");
      return Status::ok();
    }

   private:
    Host& host_;
    std::string file_;
  };
  const TempFolder folder;
  folder.write("config.yaml", "file: ${CASE}/new/file\n");
  folder.write("old/file", "");
  folder.write("input.txt", "# tick 10s\n# copy old new\n# tick 10s\n# remove new\n# tick 10s\n");
  folder.write("expected.txt", "# warning: ${CASE}/new/file is there\n");
  CHECK(run_case(describe_plugin<Warning>("warning", ""), folder.path()) == "");
  CHECK_FALSE(std::filesystem::exists(folder.path() / "new"));
}

}  // namespace trafficd::testing
