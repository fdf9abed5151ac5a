#pragma once
// What the core gives to a plugin instance. Everything here may be used from the constructor on, from the instance's
// own thread; it lives longer than the instance.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "trafficd/sample.hpp"

namespace trafficd {

enum class Level : std::uint8_t { debug, info, warning, error };

/// One line a call, prefixed with the instance's id. Any thread.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual bool enabled(Level level) const = 0;
  virtual void write(Level level, std::string_view message) = 0;

  void debug(std::string_view message) { write(Level::debug, message); }
  void info(std::string_view message) { write(Level::info, message); }
  void warning(std::string_view message) { write(Level::warning, message); }
  void error(std::string_view message) { write(Level::error, message); }
};

enum class Wake : std::uint8_t { readable, deadline, stop };

/// Wall time for stamps, steady time for waiting. Plugins never ask the system for either. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
  virtual SteadyTime steady() const = 0;
  /// Sleeps until one of `fds` is readable, the deadline has come or a stop is asked for; a stop wins. Negative
  /// descriptors are passed over.
  virtual Wake wait(std::span<const int> fds, SteadyTime deadline, const std::stop_token& stop) = 0;
};

/// A repeated warning that stays bearable: the first is logged at once, and so is one that is worse, or says what has
/// not been said yet, numbers aside; then at doubling pauses (1 min to 1 h) with the number of those kept back; the end
/// of the trouble is logged once. One thread.
class Complaint {
 public:
  Complaint(Logger& log, Clock& clock) : log_(log), clock_(clock) {}
  void complain(Level level, std::string_view message);
  /// The trouble is over; `message` is logged when there had been a complaint.
  void resolve(std::string_view message);
  bool active() const { return active_; }

 private:
  void begin(SteadyTime now);

  Logger& log_;
  Clock& clock_;
  bool active_ = false;
  bool told_ = false;  // that it is there, this time
  int returns_ = 0;    // in this while
  SteadyTime while_ends_{};
  Duration while_{};
  Level worst_ = Level::debug;
  std::uint64_t kept_back_ = 0;
  std::vector<std::size_t> said_;  // hashes, of this trouble; no more than a few
  SteadyTime next_{};
  Duration pause_{};
};

/// Small durable values of one instance, by its id. Puts of one step become visible on disk together, at the next
/// checkpoint and at stop. Usable from `open` on.
class State {
 public:
  virtual ~State() = default;
  virtual std::optional<std::string> get(std::string_view key) const = 0;
  virtual void put(std::string_view key, std::string bytes) = 0;
  virtual void erase(std::string_view key) = 0;
  virtual std::vector<std::string> keys() const = 0;
  /// What this step puts is to be on disk before the samples of this step go on: for totals that no receiver may see
  /// fall, whatever ends the daemon. Costs a transaction a step; where the disk fails, the samples go on all the same.
  virtual void secure() = 0;
};

/// The plugin's own counters and gauges, published by the `self` input as self_plugin. A handle stays valid as long
/// as the instance. Adding is wait-free, from any thread.
class Meter {
 public:
  virtual ~Meter() = default;
  virtual std::atomic<std::uint64_t>& counter(std::string_view name) = 0;
  virtual std::atomic<std::int64_t>& gauge(std::string_view name) = 0;
};

/// What the daemon knows of itself, for the `self` input: a snapshot of every instance's numbers.
struct SelfReading {
  struct Loss {
    std::string reason;
    std::uint64_t samples = 0;
    Timestamp first, last;  ///< stamps of the earliest and the latest lost sample
  };
  struct Named {
    std::string name;
    std::int64_t value = 0;
    bool counter = false;
  };
  std::string instance, role, plugin;  ///< role: input, stage, pipeline, output
  std::uint64_t samples_in = 0, samples_out = 0, dropped = 0, rejected = 0, errors = 0;
  std::uint64_t queue = 0, queue_limit = 0, series = 0;
  Duration last_duration{};
  std::vector<Loss> losses;
  std::vector<Named> own;
};

class Host {
 public:
  virtual ~Host() = default;
  virtual const std::string& id() const = 0;
  virtual Logger& log() = 0;
  virtual Clock& clock() = 0;
  /// The configured pause between two samples.
  virtual Duration interval() const = 0;

  /// The handle of one measured thing: ask once, keep it beside the counter. Tags that the user configured on the
  /// instance are added as attributes. Over `max_series` it is muted; the plugin needs no branch for that.
  virtual SeriesPtr series(const MeasurementPtr& measurement, Tags identity, Tags attributes = {},
                           CounterTraits traits = {}) = 0;
  /// For stages: a series of another measurement or with other attributes that stays with `from`'s instance.
  virtual SeriesPtr derive(const Series& from, const MeasurementPtr& measurement, Tags identity, Tags attributes) = 0;

  virtual State& state() = 0;
  virtual Meter& meter() = 0;
  /// Where the daemon keeps its files; relative file options of a plugin stand below it.
  virtual const std::filesystem::path& state_folder() const = 0;
  virtual std::vector<SelfReading> self() const = 0;
};

}  // namespace trafficd
