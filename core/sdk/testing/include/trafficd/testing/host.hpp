#pragma once
// A host for one plugin instance under test: everything in memory, everything to be looked at afterwards.

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "trafficd/testing/clock.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::testing {

/// Keeps every line. Any thread.
class RecordingLogger final : public Logger {
 public:
  struct Line {
    Level level;
    std::string message;
  };
  bool enabled(Level) const override { return true; }
  void write(Level level, std::string_view message) override;

  std::vector<Line> lines() const;
  /// Whether a line of that level holds `part`.
  bool contains(Level level, std::string_view part) const;
  std::size_t count(Level level) const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<Line> lines_;
};

class MemoryState final : public State {
 public:
  std::optional<std::string> get(std::string_view key) const override;
  void put(std::string_view key, std::string bytes) override;
  void erase(std::string_view key) override;
  std::vector<std::string> keys() const override;
  void secure() override { ++secured_; }

  /// How often `secure` was called.
  std::size_t secured() const { return secured_; }

 private:
  std::map<std::string, std::string, std::less<>> entries_;
  std::size_t secured_ = 0;
};

/// Handles stay valid as long as the meter. Any thread.
class MemoryMeter final : public Meter {
 public:
  std::atomic<std::uint64_t>& counter(std::string_view name) override;
  std::atomic<std::int64_t>& gauge(std::string_view name) override;

  /// The counter's value, 0 when nobody asked for it yet.
  std::uint64_t counted(std::string_view name) const;
  std::int64_t gauged(std::string_view name) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::atomic<std::uint64_t>, std::less<>> counters_;
  std::map<std::string, std::atomic<std::int64_t>, std::less<>> gauges_;
};

struct HostSettings {
  std::string id = "test";
  Duration interval = std::chrono::seconds(10);
  Tags tags;  ///< those the user configured on the instance: become attributes
  std::int64_t max_series = 10'000;
  std::filesystem::path state_folder;  ///< empty: a temporary one
  Timestamp start = ManualClock::default_start;
};

class TestHost final : public Host {
 public:
  explicit TestHost(HostSettings settings = {});

  const std::string& id() const override { return settings_.id; }
  RecordingLogger& log() override { return log_; }
  ManualClock& clock() override { return clock_; }
  Duration interval() const override { return settings_.interval; }
  SeriesPtr series(const MeasurementPtr& measurement, Tags identity, Tags attributes = {},
                   CounterTraits traits = {}) override;
  SeriesPtr derive(const Series& from, const MeasurementPtr& measurement, Tags identity, Tags attributes) override;
  /// What the instance keeps is kept by the test host, so it can be handed on to a second instance.
  MemoryState& state() override { return state_; }
  MemoryMeter& meter() override { return meter_; }
  const std::filesystem::path& state_folder() const override { return settings_.state_folder; }
  std::vector<SelfReading> self() const override { return self_; }

  void set_self(std::vector<SelfReading> readings) { self_ = std::move(readings); }
  /// How many series the instance holds now.
  std::int64_t series_held() const { return held_->load(); }

 private:
  std::optional<TempFolder> folder_;
  HostSettings settings_;
  ManualClock clock_;
  RecordingLogger log_;
  MemoryState state_;
  MemoryMeter meter_;
  std::shared_ptr<std::atomic<std::int64_t>> held_;
  std::vector<SelfReading> self_;
};

}  // namespace trafficd::testing
