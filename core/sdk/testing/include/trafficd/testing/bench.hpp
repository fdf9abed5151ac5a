#pragma once
// One plugin instance on a workbench: made from the YAML of its block, run step by step on the test's thread, without
// a daemon, a thread or a pause.
//
//   extern "C" const trafficd::PluginDescriptor* trafficd_stage_rate();
//   Bench bench(*trafficd_stage_rate(), "fields: [rx_bytes]");
//   CHECK(bench.process("lan/interface,interface=eth0 rx_bytes=100c 1700000000000000000 1\n") == "…");

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "trafficd/testing/host.hpp"
#include "trafficd/testing/instance.hpp"
#include "trafficd/text.hpp"
#include "trafficd/wait.hpp"

namespace trafficd::testing {

/// Reads samples in text form. Lines of one measurement share its shape and lines of one series its handle, as those
/// of a real source do; the first line of a measurement therefore shows all its fields.
class LineReader {
 public:
  /// The units and help of this measurement, and its full list of fields.
  void declare(const MeasurementPtr& measurement);
  /// Empty lines and lines that begin with `#` are passed over; throws std::runtime_error on a bad one.
  Batch read(std::string_view lines);

 private:
  std::map<std::string, MeasurementPtr, std::less<>> measurements_;
  std::map<std::string, SeriesPtr, std::less<>> series_;
};

class Bench {
 public:
  /// `yaml` is the plugin's block. Of the options that every instance has, `id`, `interval`, `tags` and `max_series`
  /// are obeyed and the rest passed over, as the daemon does. Throws ConfigError as the daemon would report it.
  explicit Bench(const PluginDescriptor& plugin, std::string_view yaml = {}, HostSettings settings = {});
  ~Bench();
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  TestHost& host() { return *host_; }
  ManualClock& clock() { return host_->clock(); }
  RecordingLogger& log() { return host_->log(); }
  LineReader& lines() { return lines_; }

  /// Opens the instance; the calls below do so by themselves when it was not. Throws when it is open already.
  Status open();
  /// Closes the instance when it is open; the destructor does so too.
  void close();
  bool is_open() const { return open_; }

  /// One collect, now.
  Status collect();
  /// Lets time pass and does what falls due, in order: a poll input collects right after open and at aligned ticks, a
  /// stream input runs until then, a recorded one to its end and only once, a stage ticks, an output does its upkeep.
  /// Answers the last failure.
  Status advance(Duration time);
  /// What an input emitted, a stage let through or added, so far.
  const Batch& samples() const { return samples_; }
  std::string text() const { return to_text(samples_); }
  void clear() { samples_.clear(); }

  /// One batch through the stage; answers what came out, which is added to `samples()` too.
  std::string process(std::string_view lines);
  void process(Batch& batch);

  WriteResult write(std::string_view lines);
  WriteResult write(std::span<const Sample> batch);

  const InputInstance& input() const { return instance_->input(); }
  PollInput& poll_input() { return *std::get<std::unique_ptr<PollInput>>(input()); }
  StreamInput& stream_input() { return *std::get<std::unique_ptr<StreamInput>>(input()); }
  Stage& stage() { return *instance_->stage(); }
  Output& output() { return *instance_->output(); }

 private:
  void ensure_open();
  void close_now() noexcept;
  Status step();
  Duration step_interval() const;
  bool is_stream() const { return std::holds_alternative<std::unique_ptr<StreamInput>>(input()); }
  Status run_stream(SteadyTime end);

  PluginType type_;
  std::unique_ptr<TestHost> host_;
  LineReader lines_;
  std::optional<Instance> instance_;
  bool open_ = false;
  bool collected_ = false;
  bool read_ = false;  // a stream has run since it was opened
  std::unique_ptr<Ticker> ticker_;
  SteadyTime next_{};
  Batch samples_;
};

}  // namespace trafficd::testing
