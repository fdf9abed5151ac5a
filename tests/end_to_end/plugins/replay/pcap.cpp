// What stands in for `pcap` in the tests of `replay`: it says what it was told, does as the names of its files say, and
// gives measurements that the command does not know.

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "trafficd/entry.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

struct Http {
  std::vector<std::uint64_t> ports{80, 8080};
};

struct Config {
  std::vector<std::string> files;
  std::uint64_t max_rows = 0;
  Http http;
};

Options<Config> options() {
  return Options<Config>{}
      .add("file", &Config::files, "What to do.")
      .add("max_rows", &Config::max_rows, "Is passed over.")
      .add_block("http", &Config::http, Options<Http>{}.add("ports", &Http::ports, "Each is a section."),
                 "Requests, made up.");
}

const MeasurementPtr& http() {
  static const MeasurementPtr made = make_measurement(
      "http", "Made up.", {{"requests", Kind::counter, "1", "Made up."}, {"clients", Kind::gauge, "1", "Made up."}},
      {"interface", "server", "section", "method", "status"});
  return made;
}

const MeasurementPtr& odd() {
  static const MeasurementPtr made =
      make_measurement("odd", "Made up.", {{"warmth", Kind::gauge, "Cel", "Is no number."}}, {"place"});
  return made;
}

class Told final : public StreamInput {
 public:
  Told(const ConfigNode& node, Host& host)
      : config_(options().parse(node)), looks_at_http_(node.find("http") != nullptr), host_(host) {
    if (is_told("throw")) throw std::runtime_error("thrown \x1b[1m by the constructor");
  }
  static Declarations declare() { return {options().docs(), {http(), odd()}, {}}; }
  bool recorded() const override { return !is_told("live"); }
  Status open() override { return is_told("closed") ? Status::fatal("it does not open") : Status::ok(); }

  Status run(std::stop_token, Emitter& emitter) override {
    Batch batch;
    const auto say = [&](SeriesPtr series, std::uint64_t epoch, std::vector<Value> values) {
      batch.push_back({.series = std::move(series),
                       .time = Timestamp{std::chrono::seconds(1'700'000'000)},
                       .epoch = epoch,
                       .born = true,
                       .values = std::move(values)});
    };
    // A life that ends, and one that follows.
    if (looks_at_http_)
      for (const std::uint64_t port : config_.http.ports)
        for (const std::uint64_t life : {1, 2})
          say(host_.series(http(), {{"server", "192.0.2.1:" + std::to_string(port)}, {"section", "/a\x1b[1m"}}),
              100 * port + life, {port, life});
    say(host_.series(odd(), {{"place", "here"}}), 1, {std::numeric_limits<double>::quiet_NaN()});
    if (is_told("nonsense")) say(nullptr, 2, {1});
    emitter.emit(batch);
    if (is_told("fail")) return Status::retry("it cannot go on");
    if (is_told("break")) throw std::runtime_error("thrown while it ran");
    return Status::ok();
  }

 private:
  bool is_told(std::string_view word) const { return std::ranges::count(config_.files, word) > 0; }

  const Config config_;
  const bool looks_at_http_;
  Host& host_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_INPUT(pcap, trafficd::Told, "Does as it is told.")
TRAFFICD_ENTRY(input, pcap)
