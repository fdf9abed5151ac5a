// The rules on how a plugin takes its configuration, held against plugins that take it wrong.

#include <sys/socket.h>

#include <thread>

#include "good.hpp"
#include "trafficd/testing/golden.hpp"

namespace trafficd::contract {

namespace {

const Configurations sample = {{"sample", "plugin: weather\nplace: cellar\n"}};

Faults configuration_rule(const PluginDescriptor& plugin) { return configuration_faults(plugin, sample); }
Faults constructor_rule(const PluginDescriptor& plugin) { return constructor_faults(plugin, sample); }

/// Reads an option that it does not tell of.
struct Secretive : GoodInput {
  using GoodInput::GoodInput;
  static Declarations declare() {
    std::vector<OptionDoc> options = good_options().docs();
    std::erase_if(options, [](const OptionDoc& option) { return option.name == "place"; });
    return {options, {good_measurement()}, {}};
  }
};

/// Tells of an option that it does not know.
struct Boastful : GoodInput {
  using GoodInput::GoodInput;
  static Declarations declare() {
    Declarations all = GoodInput::declare();
    all.options.push_back({.name = "colour", .help = "What it looks like."});
    return all;
  }
};

struct Deaf : GoodInput {
  Deaf(const ConfigNode&, Host& host) : GoodInput(ConfigNode{}, host) {}
};

/// Gives up at the first fault.
struct Hasty : GoodInput {
  Hasty(const ConfigNode& node, Host& host) : GoodInput(check(node), host) {}
  static const ConfigNode& check(const ConfigNode& node) {
    Problems problems;
    (void)good_options().parse(node, problems);
    if (problems.size() > 1) problems.resize(1);
    if (!problems.empty()) throw ConfigError(problems);
    return node;
  }
};

/// Says that something is wrong, and not where.
struct Vague : GoodInput {
  Vague(const ConfigNode& node, Host& host) : GoodInput(check(node), host) {}
  static const ConfigNode& check(const ConfigNode& node) {
    Problems problems;
    (void)good_options().parse(node, problems);
    if (!problems.empty()) problems.push_back({{}, {}, "something is wrong"});
    if (!problems.empty()) throw ConfigError(problems);
    return node;
  }
};

template <int Number>
struct Opener : GoodInput {
  Opener(const ConfigNode& node, Host& host) : GoodInput(node, host) {
    if (Number == 0) ::close(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (Number == 1) ::close(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (Number == 2) std::thread([] {}).join();
  }
};

struct Keeper : GoodInput {
  Keeper(const ConfigNode& node, Host& host) : GoodInput(node, host), ends_{-1, -1} {
    if (::pipe(ends_) != 0) ends_[0] = -1;
  }
  ~Keeper() override {
    for (const int end : ends_) ::close(end);
  }
  int ends_[2];
};

/// What it has from its constructor it does not give back.
struct Hoarder : GoodInput {
  Hoarder(const ConfigNode& node, Host& host) : GoodInput(node, host) { made_ = ::dup(STDERR_FILENO); }
  ~Hoarder() override { left.push_back(made_); }
  int made_;
  static inline std::vector<int> left;
};

struct Scribbler : GoodInput {
  Scribbler(const ConfigNode& node, Host& host) : GoodInput(node, host) { host.state().put("key", "value"); }
};

struct Thrower : GoodInput {
  Thrower(const ConfigNode& node, Host& host) : GoodInput(node, host) { throw std::runtime_error("no reason"); }
};

}  // namespace

TEST_CASE("a configuration that is refused, or uses what is not declared, is found") {
  require_found(configuration_rule,
                {{described<GoodInput>(), ""}, {described<Secretive>(), "option 'place' is used and not declared"}});
  const PluginDescriptor good = described<GoodInput>();
  const Faults faults = configuration_faults(good, {{"sample", "plugin: weather\nheight: 101\n"}});
  CHECK(faults.text() == "sample: is refused: test.yaml:2:9: height: must be between 0 and 100\n");
}

TEST_CASE("a plugin that does not tell all faults at their places is found") {
  require_found(refusal_faults, {{described<GoodInput>(), ""},
                                 {described<GoodStage>(), ""},
                                 {described<GoodOutput>(), ""},
                                 {described<Boastful>(), "option 'colour' is declared and not known"},
                                 {described<Deaf>(), "a wrong configuration is accepted"},
                                 {described<Vague>(), "a fault has no place of its own"}});
  const Faults hasty = refusal_faults(described<Hasty>());
  CHECK(hasty.text() ==
        "a wrong 'place' is not told, beside other faults\na wrong 'height' is not told, beside other faults\n");
}

TEST_CASE("a constructor that touches the world is found") {
  require_found(constructor_rule, {{described<GoodInput>(), ""},
                                   {described<GoodStage>(), ""},
                                   {described<GoodOutput>(), ""},
                                   {described<Opener<0>>(), "it calls openat"},
                                   {described<Opener<1>>(), "it calls socket"},
                                   {described<Opener<2>>(), "it calls clone"},
                                   {described<Keeper>(), "the constructor leaves a descriptor open"},
                                   {described<Scribbler>(), "the constructor writes state"},
                                   {described<Thrower>(), "the constructor throws: no reason"}});
  CHECK(constructor_rule(described<Hoarder>()).text().find("never opened leaves something open") != std::string::npos);
  for (const int descriptor : Hoarder::left) ::close(descriptor);
}

TEST_CASE("the configurations of a plugin are its sample and its cases, each in a copy of its own") {
  const testing::TempFolder folder;
  folder.write("sample.yaml", "plugin: weather\n");
  folder.write("cases/storm/config.yaml", "root: ${CASE}/root\nfile: ${OUT}\n");
  folder.write("cases/storm/root/rain", "7");
  const Configurations all = configurations_of(folder.path());
  REQUIRE(all.size() == 2);
  CHECK(all[0].name == "sample.yaml");
  CHECK(all[0].yaml == "plugin: weather\n");
  CHECK(all[1].name == "case storm");
  const std::string copy = all[1].folder->path().string();
  CHECK(all[1].yaml == "root: " + copy + "/case/root\nfile: " + copy + "/out\n");
  CHECK(testing::read_file(copy + "/case/root/rain") == "7");
}

}  // namespace trafficd::contract
