#pragma once
// What a user says of the program.

#include <string>
#include <vector>

#include "lines/reading.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::exec {

enum class Mode : std::uint8_t { stream, poll };

struct Config {
  std::vector<std::string> command;
  common::LineFormat format = common::LineFormat::line_protocol;
  Mode mode = Mode::stream;
  std::vector<std::string> counters, attributes;
  int counter_width = 64;
  std::uint64_t max_rate = 0;
  Tags environment;
  std::string directory = "/";
  Duration restart = std::chrono::seconds(1);
  Duration timeout = std::chrono::seconds(5);
  Duration stop_timeout = std::chrono::seconds(5);
  ByteSize max_line{64 * 1024};
  std::uint64_t max_lines = 10'000;
};

Options<Config> options();

}  // namespace trafficd::exec
