#pragma once
// The daemon's own sections of the configuration, as values that code passes around: what every input, stage, output
// and pipeline has, whatever its plugin.

#include <cstdint>
#include <string>
#include <vector>

#include "trafficd/descriptor.hpp"

namespace trafficd {

enum class StartError : std::uint8_t { retry, exit };

/// What every configured instance has.
struct InstanceSettings {
  std::string id, plugin;
  Duration interval{};
  Tags tags;
  std::uint64_t max_series = 10'000;
  Level log = Level::info;
  StartError on_start_error = StartError::retry;
  ConfigNode node;           ///< the plugin's own options
  Mark plugin_mark;          ///< where the plugin is named
  std::string secret_files;  ///< how the files of its secrets look; empty: not looked at
};

/// What of an output waits on disk.
struct SpoolSettings {
  enum class Mode : std::uint8_t { automatic, on_failure, always, off };
  Mode mode = Mode::automatic;  ///< as on_failure, but off for a plugin whose declarations say `live`
  ByteSize max_size{16 * 1024 * 1024};
  Duration max_age{};  ///< zero: no limit
};

struct OutputSettings : InstanceSettings {
  std::uint64_t batch_size = 1'000;
  Duration flush_interval = std::chrono::milliseconds(100);
  std::uint64_t queue = 10'000;
  SpoolSettings spool;
};

/// An output of a pipeline and what may pass to it.
struct RouteSettings {
  std::string to;
  std::vector<std::string> measurements;  ///< globs; empty: all
  Tags tags;                              ///< tag to glob; all must fit
  ConfigNode node;
};

struct PipelineSettings {
  std::string id;
  std::vector<std::string> inputs;
  std::vector<InstanceSettings> stages;
  std::vector<RouteSettings> outputs;
  std::uint64_t queue = 50'000;
  std::vector<ConfigNode> input_nodes{};  ///< where the inputs are named; empty where they are not
};

struct Settings {
  Duration interval = std::chrono::seconds(10);
  Duration checkpoint = std::chrono::seconds(10);
  Duration stop_deadline = std::chrono::seconds(10);
  std::vector<std::string> plugin_path;  ///< folders that are there
  Level log = Level::info;
  std::vector<InstanceSettings> inputs;
  std::vector<OutputSettings> outputs;
  std::vector<PipelineSettings> pipelines;
};

/// Reads the whole configuration but the plugins' own options; every fault goes to `problems`, with its place.
Settings read_settings(const ConfigNode& root, Problems& problems);

/// The documentation of these options, for `describe` and the schema. `plugin` is among the instance options.
std::vector<OptionDoc> daemon_options();
std::vector<OptionDoc> input_options();
std::vector<OptionDoc> stage_options();
std::vector<OptionDoc> output_options();
std::vector<OptionDoc> instance_options(PluginType type);
std::vector<OptionDoc> pipeline_options();
std::vector<OptionDoc> route_options();

}  // namespace trafficd
