// What the daemon knows of itself: the numbers that the core keeps for every instance, published like any other
// measurement, so that they travel to the same outputs. The numbers come from Host::self().

#include "trafficd/plugin.hpp"

namespace trafficd {
namespace {

struct Config {};

Options<Config> options() { return {}; }

const MeasurementPtr& instance_measurement() {
  static const MeasurementPtr measurement = make_measurement(
      "self_instance", "The work of one instance of the daemon since the daemon started.",
      {
          {"samples_in", Kind::counter, "{sample}", "Samples that the instance took in; for an input: that it made."},
          {"samples_out", Kind::counter, "{sample}", "Samples that it passed on; for an output: that it delivered."},
          {"samples_dropped", Kind::counter, "{sample}", "Samples given up; self_loss tells why and when."},
          {"samples_rejected", Kind::counter, "{sample}", "Samples that the receiver will never accept."},
          {"errors", Kind::counter, "{error}", "Calls that failed."},
          {"queue", Kind::gauge, "{sample}", "Samples that wait in memory."},
          {"queue_limit", Kind::gauge, "{sample}", "The most that may wait."},
          {"series", Kind::gauge, "{series}", "Series that the instance holds."},
          {"last_duration", Kind::gauge, "s", "How long the last collect, batch or write took."},
      },
      {"role", "id"});
  return measurement;
}

const MeasurementPtr& loss_measurement() {
  static const MeasurementPtr measurement =
      make_measurement("self_loss", "Samples that an instance gave up or had rejected, one series for each reason.",
                       {
                           {"samples", Kind::counter, "{sample}", "How many, since the daemon started."},
                           {"first_time", Kind::gauge, "s", "The earliest stamp among them, unix time."},
                           {"last_time", Kind::gauge, "s", "The latest stamp among them, unix time."},
                       },
                       {"role", "id", "reason"});
  return measurement;
}

const MeasurementPtr& plugin_measurement() {
  static const MeasurementPtr measurement =
      make_measurement("self_plugin", "What a plugin counts of its own work, one series for each name.",
                       {
                           {"total", Kind::counter, "1", "The value of a counter, since the daemon started."},
                           {"value", Kind::gauge, "1", "The value of a gauge."},
                       },
                       {"role", "id", "name"});
  return measurement;
}

double seconds(Timestamp time) { return static_cast<double>(time.time_since_epoch().count() / 1'000'000) / 1e3; }

class Self final : public PollInput {
 public:
  static Declarations declare() {
    return {options().docs(), {instance_measurement(), loss_measurement(), plugin_measurement()}, {}};
  }

  Self(const ConfigNode& node, Host& host) : host_(host), life_(concat(new_epoch())) { options().parse(node); }

  Status collect(Batch& out) override {
    const Timestamp now = host_.clock().now();
    for (const SelfReading& r : host_.self()) {
      const Tags who = {{"role", r.role}, {"id", r.instance}};
      add(out, now, instance_measurement(), who, {{"plugin", r.plugin}},
          {r.samples_in, r.samples_out, r.dropped, r.rejected, r.errors, r.queue, r.queue_limit, r.series,
           std::chrono::duration<double>(r.last_duration).count()});
      for (const SelfReading::Loss& loss : r.losses)
        add(out, now, loss_measurement(), with(who, "reason", loss.reason), {{"plugin", r.plugin}},
            {loss.samples, seconds(loss.first), seconds(loss.last)});
      for (const SelfReading::Named& own : r.own)
        add(out, now, plugin_measurement(), with(who, "name", own.name), {{"plugin", r.plugin}},
            {own.counter ? Value(own.value) : Value(), own.counter ? Value() : Value(own.value)});
    }
    return Status::ok();
  }

 private:
  /// The handle of a thing and the epoch of its counters, which all began with this process.
  struct Known {
    SeriesPtr series;
    std::uint64_t epoch = 0;
  };

  static Tags with(Tags tags, std::string key, std::string value) {
    tags.push_back({std::move(key), std::move(value)});
    return tags;
  }

  void add(Batch& out, Timestamp now, const MeasurementPtr& measurement, const Tags& identity, Tags attributes,
           std::vector<Value> values) {
    std::string key = measurement->name();
    for (const Tag& tag : identity) key += '\n' + tag.value;
    Known& known = known_[key];
    if (!known.series) {
      if (attributes.front().value.empty()) attributes.clear();
      known.series = host_.series(measurement, identity, std::move(attributes));
      known.epoch = make_epoch({"self", life_, key});
    }
    out.push_back(Sample{known.series, now, known.epoch, true, false, std::move(values)});
  }

  Host& host_;
  const std::string life_;  // one random number for this process: its counters restart with it
  std::unordered_map<std::string, Known> known_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_INPUT(self, trafficd::Self, "What the daemon does and what it lost: every instance's own numbers.")
