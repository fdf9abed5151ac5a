#pragma once
// The host of the one input that a replay runs: nothing is kept, nothing is limited, and what it says is for the person
// who waits.

#include "daemon/replay/progress.hpp"
#include "engine/meter.hpp"
#include "engine/system_clock.hpp"

namespace trafficd::replay {

/// Outlives the input.
class ReplayHost final : public Host {
 public:
  /// `plugin` is the name of the input, `interval` the time of the recording between two samples.
  ReplayHost(std::string plugin, Duration interval, Progress& messages)
      : id_("replay"), interval_(interval), log_(messages), meter_(id_, "input", std::move(plugin)) {}

  const std::string& id() const override { return id_; }
  Logger& log() override { return log_; }
  Clock& clock() override { return clock_; }
  Duration interval() const override { return interval_; }
  SeriesPtr series(const MeasurementPtr& measurement, Tags identity, Tags attributes, CounterTraits traits) override {
    return make_series(id_, measurement, std::move(identity), std::move(attributes), traits);
  }
  SeriesPtr derive(const Series& from, const MeasurementPtr& measurement, Tags identity, Tags attributes) override {
    return make_series(from.instance(), measurement, std::move(identity), std::move(attributes), from.traits());
  }
  State& state() override { return state_; }
  InstanceMeter& meter() override { return meter_; }
  /// There is none.
  const std::filesystem::path& state_folder() const override { return nowhere_; }
  std::vector<SelfReading> self() const override { return {meter_.reading()}; }

 private:
  class Log final : public Logger {
   public:
    explicit Log(Progress& messages) : messages_(messages) {}
    bool enabled(Level level) const override { return level >= Level::warning; }
    void write(Level level, std::string_view message) override {
      if (enabled(level)) messages_.say(message);
    }

   private:
    Progress& messages_;
  };
  /// Forgets.
  class NoState final : public State {
   public:
    std::optional<std::string> get(std::string_view) const override { return {}; }
    void put(std::string_view, std::string) override {}
    void erase(std::string_view) override {}
    std::vector<std::string> keys() const override { return {}; }
    void secure() override {}
  };

  const std::string id_;
  const Duration interval_;
  const std::filesystem::path nowhere_ = "/nonexistent";
  Log log_;
  SystemClock clock_;
  NoState state_;
  InstanceMeter meter_;
};

}  // namespace trafficd::replay
