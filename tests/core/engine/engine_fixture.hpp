#pragma once
// What the engine's tests stand on: services with a clock that the test moves, and small plugins made of lambdas.

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "engine/input_runner.hpp"
#include "engine/output_runner.hpp"
#include "engine/pipeline.hpp"
#include "trafficd/testing/host.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::testing {

inline MeasurementPtr traffic() {
  static const MeasurementPtr measurement =
      make_measurement("traffic", "Test bytes.",
                       {{"bytes", Kind::counter, "By", "Bytes."}, {"level", Kind::gauge, "1", "Level."}}, {"link"});
  return measurement;
}

inline Sample make_sample(const SeriesPtr& series, std::int64_t second, std::uint64_t bytes, std::uint64_t epoch = 1) {
  return {series, Timestamp(std::chrono::seconds(second)), epoch, false, false, {Value(bytes), Value(1.5)}};
}

inline SeriesPtr link(const std::string& name) { return make_series("test", traffic(), {{"link", name}}); }

struct EngineServices {
  TempFolder folder;
  ManualClock clock;
  Journal journal{Level::error};
  MeterRegistry meters;
  StateStore state{folder.path() / "state.db", journal.own()};
  Services services{clock, journal, meters, state, folder.path()};
};

/// What the plugins below do; set by the test before it makes a runner. One test runs at a time.
struct Script {
  std::function<Status(Batch&)> collect;
  std::function<WriteResult(std::span<const Sample>)> write;
  std::function<Status()> open = [] { return Status::ok(); };
  std::function<void(Batch&)> process;
};

inline Script& script() {
  static Script current;
  return current;
}

class ScriptInput final : public PollInput {
 public:
  static Declarations declare() { return {}; }
  ScriptInput(const ConfigNode&, Host&) {}
  Status open() override { return script().open(); }
  Status collect(Batch& out) override { return script().collect(out); }
};

class ScriptOutput final : public Output {
 public:
  static Declarations declare() { return {}; }
  ScriptOutput(const ConfigNode&, Host&) {}
  Status open() override { return script().open(); }
  WriteResult write(std::span<const Sample> batch) override { return script().write(batch); }
};

class ScriptStage final : public Stage {
 public:
  static Declarations declare() { return {}; }
  ScriptStage(const ConfigNode&, Host&) {}
  Status open() override { return script().open(); }
  void process(Batch& batch) override { script().process(batch); }
};

inline const PluginDescriptor& script_input() {
  static const auto descriptor = describe_plugin<ScriptInput>("script", "Test.");
  return descriptor;
}
inline const PluginDescriptor& script_output() {
  static const auto descriptor = describe_plugin<ScriptOutput>("script", "Test.");
  return descriptor;
}
inline const PluginDescriptor& script_stage() {
  static const auto descriptor = describe_plugin<ScriptStage>("script", "Test.");
  return descriptor;
}

inline OutputSettings output_settings(std::size_t batch_size = 1000, std::size_t queue = 10'000) {
  OutputSettings settings;
  settings.id = "out";
  settings.plugin = "script";
  settings.batch_size = batch_size;
  settings.queue = queue;
  settings.flush_interval = Duration::zero();
  settings.spool.mode = SpoolSettings::Mode::off;
  return settings;
}

inline InstanceSettings input_settings() {
  InstanceSettings settings;
  settings.id = "in";
  settings.plugin = "script";
  settings.interval = std::chrono::seconds(10);
  return settings;
}

inline SelfReading reading_of(const MeterRegistry& meters, const std::string& instance) {
  for (SelfReading& reading : meters.readings())
    if (reading.instance == instance) return reading;
  return {};
}

/// Asks again and again until it is so, or far too long for it ever to be.
template <class Question>
bool soon(Question&& question) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
       std::chrono::steady_clock::now() < end; std::this_thread::yield())
    if (question()) return true;
  return false;
}

}  // namespace trafficd::testing
