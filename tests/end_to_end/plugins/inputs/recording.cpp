// A recording of made-up seconds, as fast as it can be read; it may be cut off before its end.

#include "trafficd/entry.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

struct Config {
  std::uint64_t seconds = 1000, cut_off_after = 0;
};

Options<Config> options() {
  return Options<Config>{}
      .add("seconds", &Config::seconds, "How long it is: a sample a second.")
      .add("cut_off_after", &Config::cut_off_after, "After so many samples it cannot be read; 0: never.");
}

const MeasurementPtr& measurement() {
  static const MeasurementPtr made =
      make_measurement("recorded", "Made up.", {{"seconds", Kind::counter, "s", "Since its beginning."}}, {"input"});
  return made;
}

class Recording final : public StreamInput {
 public:
  Recording(const ConfigNode& node, Host& host) : config_(options().parse(node)), host_(host) {}
  static Declarations declare() { return {options().docs(), {measurement()}, {}}; }
  bool recorded() const override { return true; }

  Status run(std::stop_token stop, Emitter& emitter) override {
    const SeriesPtr series = host_.series(measurement(), {{"input", host_.id()}});
    for (std::uint64_t second = 1; second <= config_.seconds && !stop.stop_requested(); ++second) {
      const Timestamp time{std::chrono::seconds(1'000'000'000 + second)};
      Batch batch{{.series = series, .time = time, .epoch = 1, .values = {second}}};
      emitter.emit(batch);
      if (second == config_.cut_off_after) return Status::retry("the recording is cut off");
    }
    return Status::ok();
  }

 private:
  const Config config_;
  Host& host_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_INPUT(recording, trafficd::Recording, "Made-up seconds.")
TRAFFICD_ENTRY(input, recording)
