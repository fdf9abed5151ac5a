// A running graph becomes that of another configuration: what hangs, what had failed, what is asked to stop meanwhile.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "graph_fixture.hpp"
#include "spool_output_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

namespace {

/// What the instances below do; they are told apart by their option `name`.
struct Play {
  std::function<Status(const std::string&)> open = [](const std::string&) { return Status::ok(); };
  std::function<Status(const std::string&, Host&, Batch&)> collect;
  std::function<void(const std::string&, Host&, Batch&)> process;
  std::function<WriteResult(const std::string&, std::span<const Sample>)> write;
};
Play play;

struct Named {
  struct Config {
    std::string name;
    Secret token;
  };
  static Options<Config> options() {
    return Options<Config>{}.add("name", &Config::name, "Who it is.").add("token", &Config::token, "A secret.");
  }
  Named(const ConfigNode& node, Host& given) : name(options().parse(node).name), host(given) {}
  static Declarations declare() { return {options().docs(), {}, {}}; }
  const std::string name;
  Host& host;
};
struct ActorInput final : PollInput, Named {
  using Named::declare;
  using Named::Named;
  Status open() override { return play.open(name); }
  Status collect(Batch& out) override { return play.collect(name, host, out); }
};
struct ActorStage final : Stage, Named {
  using Named::declare;
  using Named::Named;
  Status open() override { return play.open(name); }
  void process(Batch& batch) override { play.process(name, host, batch); }
};
struct ActorOutput final : Output, Named {
  using Named::declare;
  using Named::Named;
  Status open() override { return play.open(name); }
  WriteResult write(std::span<const Sample> batch) override { return play.write(name, batch); }
};
const PluginDescriptor actor_input = describe_plugin<ActorInput>("actor", "");
const PluginDescriptor actor_stage = describe_plugin<ActorStage>("actor", "");
const PluginDescriptor actor_output = describe_plugin<ActorOutput>("actor", "");

struct Names {
  std::string input = "i", stage = "s", output = "o", more_of_input, more_of_output;
};

struct ReloadFixture : GraphFixture {
  std::unique_ptr<Graph> graph;
  Duration patience = 1min;  // of a reload
  std::atomic<std::uint64_t> given{0};
  std::mutex mutex;
  std::vector<std::string> receivers;  // of each sample, guarded

  ReloadFixture() {
    catalog.add(&actor_input);
    catalog.add(&actor_stage);
    catalog.add(&actor_output);
    play = Play{};
    play.collect = [this](const std::string&, Host&, Batch& out) { return give(out); };
    play.process = [](const std::string&, Host&, Batch&) {};
    play.write = [this](const std::string& name, std::span<const Sample> batch) {
      const std::lock_guard lock(mutex);
      receivers.insert(receivers.end(), batch.size(), name);
      return WriteResult::all(batch);
    };
  }
  ~ReloadFixture() {
    graph.reset();
    play = Play{};
  }

  Status give(Batch& out) {
    out.push_back(make_sample(link("a"), static_cast<std::int64_t>(++given), 1));
    return Status::ok();
  }
  static std::string yaml(const Names& names) {
    return concat("interval: 10ms\ninputs: { in: { plugin: actor, name: ", names.input, names.more_of_input,
                  " } }\noutputs: { out: { plugin: actor, flush_interval: 0s, name: ", names.output,
                  names.more_of_output, " } }\npipelines: { main: { stages: [ { plugin: actor, name: ", names.stage,
                  " } ] } }\n");
  }
  void start(const Names& names) {
    graph = make(yaml(names));
    graph->start();
  }
  /// What it says to it; nothing when a stop came first.
  std::optional<std::string> reload(const Names& names, bool stop_wanted = false) {
    const Settings settings = read_settings(parse_config(yaml(names), "test", problems), problems);
    const auto changes = graph->reload(
        catalog, settings, patience, [=] { return stop_wanted; }, problems);
    REQUIRE(problems.empty());
    return changes ? std::optional(changes->text()) : std::nullopt;
  }
  void stop() {
    graph->stop_sources();
    graph->stop_outputs(30s);
    CHECK(graph->running().empty());
  }
  std::size_t received(const std::string& name) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::ranges::count(receivers, name));
  }
  std::size_t received() {
    const std::lock_guard lock(mutex);
    return receivers.size();
  }
  std::string kept(const std::string& instance) {
    return engine.state.instance(instance)->get("who").value_or("nobody");
  }
  std::uint64_t left_behind_of(const std::string& instance) {
    for (const SelfReading::Loss& loss : reading_of(engine.meters, instance).losses)
      if (loss.reason == "left_behind") return loss.samples;
    return 0;
  }
};

}  // namespace

TEST_CASE_METHOD(ReloadFixture, "an input that hangs and is left behind: what it does when it wakes comes nowhere") {
  Gate gate;
  std::atomic<int> tries{0};
  play.collect = [&](const std::string& name, Host& host, Batch& out) {
    if (host.state().get("who") != name) host.state().put("who", name);
    if (name != "old") return give(out);
    ++tries;
    gate.pass();
    for (int i = 0; i < 3; ++i) out.push_back(make_sample(link("late"), 1, 1));
    return Status::ok();
  };
  patience = 0s;
  start({.input = "old"});
  REQUIRE(gate.wait_until_reached());
  CHECK(reload({.input = "new"}) == "input in changed");
  CHECK(graph->hanging() == std::vector<std::string>{"input in"});
  CHECK(soon([&] { return received() > 0; }));
  gate.open();
  CHECK(soon([&] { return graph->hanging().empty(); }));
  stop();
  CHECK(tries == 1);
  CHECK(received() == given);
  CHECK(left_behind_of("in") == 3);
  CHECK(kept("input/in") == "new");
}

TEST_CASE_METHOD(ReloadFixture,
                 "an input that hangs in its start and is left behind does not take the daemon with it") {
  Gate gate;
  play.open = [&](const std::string& name) {
    if (name != "old") return Status::ok();
    gate.pass();
    return Status::fatal("never");
  };
  patience = 0s;
  start({.input = "old", .more_of_input = ", on_start_error: exit"});
  REQUIRE(gate.wait_until_reached());
  CHECK(reload({.input = "new"}) == "input in changed");
  gate.open();
  CHECK(soon([&] { return graph->hanging().empty(); }));
  stop();
  CHECK(fatal == 0);
}

TEST_CASE_METHOD(ReloadFixture,
                 "a pipeline that hangs and is left behind: what it had in hand is lost, the rest is not") {
  Gate gate;
  play.process = [&](const std::string& name, Host& host, Batch&) {
    if (host.state().get("who") != name) host.state().put("who", name);
    if (name == "old") gate.pass();
  };
  patience = 0s;
  start({.stage = "old"});
  REQUIRE(gate.wait_until_reached());
  REQUIRE(soon([&] { return given > 3; }));
  CHECK(reload({.stage = "new"}) == "pipeline main changed");
  CHECK(left_behind_of("main") == 1);
  CHECK(soon([&] { return received() > 3; }));
  gate.open();
  CHECK(soon([&] { return graph->hanging().empty(); }));
  stop();
  CHECK(left_behind_of("main") == 1);
  CHECK(received() + 1 == given);
  CHECK(kept("stage/main/actor") == "new");
}

TEST_CASE_METHOD(ReloadFixture, "an output that hangs and is left behind: its successor has all, each counted once") {
  Gate gate;
  play.write = [&, write = play.write](const std::string& name, std::span<const Sample> batch) {
    if (name == "old") gate.pass();
    return write(name, batch);
  };
  patience = 0s;
  start({.output = "old"});
  REQUIRE(gate.wait_until_reached());
  CHECK(reload({.output = "new"}) == "output out changed");
  CHECK(graph->condition("output", "out", "actor") == "runs");
  gate.open();
  CHECK(soon([&] { return graph->hanging().empty(); }));
  stop();
  CHECK(received("new") == given);
  CHECK(reading_of(engine.meters, "out").samples_out == given);
}

TEST_CASE_METHOD(ReloadFixture, "what ended for good is begun again by a reload that changes nothing") {
  std::atomic<bool> mended{false};
  const std::string bad = GENERATE("i", "s", "o");
  play.open = [&](const std::string& name) {
    return name == bad && !mended ? Status::fatal("not allowed") : Status::ok();
  };
  start({});
  const std::string role = bad == "i" ? "input" : bad == "s" ? "pipeline" : "output";
  const std::string id = bad == "i" ? "in" : bad == "s" ? "main" : "out";
  const auto condition = [&] { return graph->condition(role, id, role == "pipeline" ? "" : "actor"); };
  REQUIRE(soon([&] { return condition() == "failed"; }));
  CHECK(reload({}) == concat(role, " ", id, " begun again"));
  REQUIRE(soon([&] { return condition() == "failed"; }));
  mended = true;
  CHECK(reload({}) == concat(role, " ", id, " begun again"));
  CHECK(soon([&] { return received() > 0; }));
  CHECK(condition() == "runs");
  CHECK(reload({}) == "");
  stop();
  CHECK(received() == given);
}

TEST_CASE_METHOD(ReloadFixture, "an instance is a changed one when the file of its secret is another") {
  const auto file = engine.folder.path() / "token";
  const auto write = [](const std::filesystem::path& to, const char* text) { std::ofstream(to) << text; };
  std::atomic<int> starts{0};
  play.open = [&](const std::string& name) {
    if (name == "o") ++starts;
    return Status::ok();
  };
  const Names names{.more_of_output = concat(", token: { file: ", file, " }")};
  start(names);
  CHECK(reload(names) == "");
  write(file, "first");
  CHECK(reload(names) == "output out changed");
  CHECK(reload(names) == "");
  // Of the same length, and as old as the first.
  const auto stamp = std::filesystem::last_write_time(file);
  write(engine.folder.path() / "fresh", "other");
  std::filesystem::last_write_time(engine.folder.path() / "fresh", stamp);
  std::filesystem::rename(engine.folder.path() / "fresh", file);
  CHECK(reload(names) == "output out changed");
  std::filesystem::last_write_time(file, stamp + 1s);
  CHECK(reload(names) == "output out changed");
  CHECK(soon([&] { return starts == 4; }));
  stop();
}

TEST_CASE_METHOD(ReloadFixture,
                 "where a stop is wanted while sources end, the reload changes nothing and loses nothing") {
  Gate gate;
  play.collect = [&](const std::string&, Host&, Batch& out) {
    gate.pass();
    return give(out);
  };
  start({.input = "old", .output = "old"});
  REQUIRE(gate.wait_until_reached());
  CHECK(reload({.input = "new", .output = "new"}, true) == std::nullopt);
  CHECK(graph->hanging().empty());
  gate.open();
  stop();
  CHECK(given > 0);
  CHECK(received("old") == given);
}

TEST_CASE_METHOD(ReloadFixture,
                 "a disk that hangs with what an output holds keeps its successor waiting, not the reload") {
  std::atomic<bool> works{false};
  play.write = [&, write = play.write](const std::string& name, std::span<const Sample> batch) {
    return works ? write(name, batch) : WriteResult::failed(Status::retry("dead").not_before(10ms));
  };
  const Names names{.more_of_output = ", spool: { mode: always }"};
  patience = 0s;
  start(names);
  const auto folder = engine.folder.path() / "spool" / "out";
  const auto segment = [&] {
    std::error_code none_yet;
    for (const auto& each : std::filesystem::directory_iterator(folder, none_yet)) return each.path();
    return std::filesystem::path();
  };
  REQUIRE(soon([&] { return !segment().empty(); }));
  // Who opens a pipe to read it waits until somebody writes to it: so does a disk that is gone for a while.
  const auto file = segment(), pipe = engine.folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::filesystem::rename(pipe, file);
  REQUIRE(soon([&] { return reading_of(engine.meters, "out").queue > 20; }));
  Names changed = names;
  changed.output = "new";
  CHECK(reload(changed) == "output out changed");
  changed.output = "newer";
  CHECK(reload(changed) == "output out changed");
  CHECK(graph->hanging() == std::vector<std::string>{"output out", "output out"});
  works = true;
  const int disk = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(disk >= 0);
  CHECK(soon([&] { return received("newer") > 0; }));
  CHECK(soon([&] { return graph->hanging().empty(); }));
  stop();
  ::close(disk);
  CHECK(received("new") == 0);
}
