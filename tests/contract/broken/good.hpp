#pragma once
// Plugins that keep every rule. Each broken one is made of them by changing one thing, so that a rule that finds more
// than that one thing is wrong itself.

#include <fcntl.h>
#include <unistd.h>

#include "catch.hpp"
#include "rules.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::contract {

struct GoodConfig {
  std::string place = "roof";
  int height = 3;
};

inline Options<GoodConfig> good_options() {
  return Options<GoodConfig>{}
      .add("place", &GoodConfig::place, "Where it stands.")
      .add("height", &GoodConfig::height, "How high it is.")
      .range(&GoodConfig::height, 0, 100);
}

inline MeasurementPtr good_measurement() {
  return make_measurement("weather", "What it is like outside.",
                          {{"drops", Kind::counter, "{drop}", "Drops of rain."},
                           {"gusts", Kind::delta, "{gust}", "Gusts since the last sample."},
                           {"temperature", Kind::gauge, "Cel", "How warm it is."}},
                          {"place"});
}

class GoodInput : public PollInput {
 public:
  GoodInput(const ConfigNode& node, Host& host) : config_(good_options().parse(node)), host_(host) {}
  static Declarations declare() { return {good_options().docs(), {good_measurement()}, {}}; }
  Status open() override {
    fd_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    return Status::ok();
  }
  Status collect(Batch& out) override {
    out.push_back(sample(config_.place, 7));
    return Status::ok();
  }
  void close() noexcept override {
    ::close(fd_);
    fd_ = -1;
  }
  ~GoodInput() override {
    if (fd_ >= 0) ::close(fd_);
  }

 protected:
  Sample sample(const std::string& place, std::uint64_t epoch) {
    return {.series = host_.series(good_measurement(), {{"place", place}}),
            .time = host_.clock().now(),
            .epoch = epoch,
            .values = {++drops_, 2, -4.5}};
  }

  const GoodConfig config_;
  Host& host_;
  int fd_ = -1;
  std::uint64_t drops_ = 0;
};

class GoodStage : public Stage {
 public:
  GoodStage(const ConfigNode& node, Host&) { (void)good_options().parse(node); }
  static Declarations declare() { return {good_options().docs(), {good_measurement()}, {}}; }
  void process(Batch&) override {}
};

class GoodOutput : public Output {
 public:
  GoodOutput(const ConfigNode& node, Host&) { (void)good_options().parse(node); }
  static Declarations declare() { return {good_options().docs(), {}, {}}; }
  WriteResult write(std::span<const Sample> batch) override { return WriteResult::all(batch); }
};

template <class Plugin>
PluginDescriptor described() {
  return describe_plugin<Plugin>("weather", "Looks out of the window.");
}

/// A plugin and what a rule must say of it; empty: nothing.
struct Expected {
  PluginDescriptor plugin;
  std::string fault;
};

/// The rule finds in each plugin exactly what is wrong with it.
template <class Rule>
void require_found(const Rule& rule, const std::vector<Expected>& table) {
  for (const Expected& each : table) {
    INFO("expected: " << (each.fault.empty() ? "nothing" : each.fault));
    const Faults faults = rule(each.plugin);
    INFO("found: " << faults.text());
    CHECK(faults.size() == (each.fault.empty() ? 0 : 1));
    CHECK(faults.text().find(each.fault) != std::string::npos);
  }
}

}  // namespace trafficd::contract
