#pragma once
// The options of the daemon, of pipelines and of what every instance has: what settings.cpp reads with and `describe`
// shows.

#include <optional>
#include <string>
#include <vector>

#include "engine/settings.hpp"

namespace trafficd {

struct InputSettings : InstanceSettings {
  std::optional<Duration> own_interval;
};

/// A stage sees the series of all inputs of its pipeline and makes as many of its own.
struct StageSettings : InstanceSettings {
  StageSettings() { max_series = 100'000; }
};

struct WhenFields {
  std::vector<std::string> measurement;
  Tags tags;
};

struct RouteFields {
  std::string to;
  WhenFields when;
};

struct PipelineFields {
  std::vector<std::string> inputs;
  std::uint64_t queue = PipelineSettings{}.queue;
};

Options<Settings> daemon_part();
Options<InputSettings> input_part();
Options<StageSettings> stage_part();
Options<OutputSettings> output_part();
Options<RouteFields> route_part();
Options<PipelineFields> pipeline_part();

}  // namespace trafficd
