// A number that only grows, as the files below /sys hold many: read from the file at each tick.

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>

#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

struct Config {
  std::string file, name;
};

Options<Config> options() {
  return Options<Config>{}
      .add("file", &Config::file, "File that holds the number.")
      .required()
      .existing_path()
      .add("name", &Config::name, "What is counted, for people.")
      .required();
}

const MeasurementPtr& measurement() {
  static const MeasurementPtr made = make_measurement("counter_file", "A number that only grows.",
                                                      {{"count", Kind::counter, "1", "The number."}}, {"name"});
  return made;
}

class CounterFile final : public PollInput {
 public:
  CounterFile(const ConfigNode& node, Host& host) : config_(options().parse(node)), host_(host) {}

  static Declarations declare() { return {options().docs(), {measurement()}, {}}; }

  Status open() override {
    series_ = host_.series(measurement(), {{"name", config_.name}});
    return Status::ok();
  }

  Status collect(Batch& out) override {
    std::ifstream in(config_.file);
    if (!in) return Status::retry(concat("cannot read '", config_.file, "': ", std::strerror(errno)));
    std::string line;
    std::getline(in, line);
    std::uint64_t count = 0;
    const char* const end = line.data() + line.size();
    if (const auto [rest, error] = std::from_chars(line.data(), end, count); error != std::errc() || rest != end)
      return Status::retry(concat("'", config_.file, "' holds no number, but '", printable(line), "'"));
    // Epoch 0: the file does not say when its number began anew. A source that can say it gives each life its own.
    out.push_back({.series = series_, .time = host_.clock().now(), .epoch = 0, .values = {count}});
    return Status::ok();
  }

 private:
  const Config config_;
  Host& host_;
  SeriesPtr series_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_INPUT(counter_file, trafficd::CounterFile, "A number that only grows, read from a file.")
