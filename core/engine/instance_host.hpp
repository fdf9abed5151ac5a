#pragma once
// The engine's side of Host: one for each instance.

#include <filesystem>
#include <memory>

#include "engine/journal.hpp"
#include "engine/meter.hpp"
#include "engine/settings.hpp"
#include "engine/state.hpp"

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
  /// Makes the state that was put since the last call part of the next checkpoint.
  void end_step() { state_->end_step(); }
  /// Takes the samples of muted series out of the batch, counts and complains. The instance's thread.
  void drop_muted(Batch& batch);

 private:
  const Services& services_;
  const std::string key_;
  const Duration interval_;
  const Tags tags_;
  const std::int64_t max_series_;
  const std::unique_ptr<Logger> log_;
  const std::shared_ptr<InstanceMeter> meter_;
  const std::unique_ptr<InstanceState> state_;
  Complaint too_many_;
  bool muted_made_ = false;
};

}  // namespace trafficd
