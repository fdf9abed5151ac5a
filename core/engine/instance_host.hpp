#pragma once
// The engine's side of Host: one for each instance.

#include <filesystem>
#include <memory>

#include "engine/journal.hpp"
#include "engine/meter.hpp"
#include "engine/settings.hpp"
#include "engine/state.hpp"
#include "engine/tether.hpp"

namespace trafficd {

/// What all instances share. It outlives them.
struct Services {
  Clock& clock;
  Journal& journal;
  MeterRegistry& meters;
  StateStore& state;
  std::filesystem::path state_folder;
};

class InstanceHost final : public Host {
 public:
  /// `key` names the instance in state, log and meters: the id, for stages pipeline/stage.
  InstanceHost(const Services& services, const InstanceSettings& settings, std::string key, std::string role);

  const std::string& id() const override { return key_; }
  Logger& log() override { return *log_; }
  Clock& clock() override { return services_.clock; }
  Duration interval() const override { return interval_; }
  SeriesPtr series(const MeasurementPtr& measurement, Tags identity, Tags attributes, CounterTraits traits) override;
  SeriesPtr derive(const Series& from, const MeasurementPtr& measurement, Tags identity, Tags attributes) override;
  State& state() override { return *state_; }
  Meter& meter() override { return *meter_; }
  const std::filesystem::path& state_folder() const override { return services_.state_folder; }
  std::vector<SelfReading> self() const override { return services_.meters.readings(); }

  const std::shared_ptr<InstanceMeter>& numbers() const { return meter_; }
  /// What the daemon says of the instance, which is not held back as what the plugin says is.
  Logger& own_log() { return *own_log_; }
  InstanceState& own_state() { return *state_; }
  /// The end of a step that is this instance's alone.
  void finish_step() {
    InstanceState* const own[] = {state_.get()};
    tether_.unless_cut([&] { services_.state.finish_step(own); });
  }
  /// Any thread: it hangs and is left behind. From now on nothing that it puts reaches the state.
  void cut_off() { tether_.cut(); }
  bool is_cut_off() const { return tether_.is_cut(); }
  /// What an instance gives that was left behind: counted as lost. The instance's thread.
  void lose(Batch& batch);
  /// Takes out of what the plugin gave what nobody behind it could use: samples without a series or with other fields
  /// than declared, values that are none, and those of muted series. Counts and complains. The instance's thread.
  void sift(Batch& batch);

 private:
  /// Throws where no series can be meant, into the plugin's call: its runner says it. Takes out tags that nobody could
  /// name.
  void refuse_nonsense(const MeasurementPtr& measurement, Tags& identity, Tags& attributes);
  void drop_malformed(Batch& batch);
  void drop_muted(Batch& batch);

  const Services& services_;
  const std::string key_;
  const Duration interval_;
  const Tags tags_;
  const std::int64_t max_series_;
  const std::unique_ptr<Logger> log_, own_log_;
  const std::shared_ptr<InstanceMeter> meter_;
  const std::shared_ptr<std::atomic<std::int64_t>> series_;
  const std::unique_ptr<InstanceState> state_;
  MeasurementPtr checked_;  // the last one that was found good
  Complaint too_many_, malformed_;
  Tether tether_;
  bool muted_made_ = false;
};

}  // namespace trafficd
