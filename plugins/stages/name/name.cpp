// Gives the series of a device the attributes that `device_info` samples tell of it. What becomes of a series is made
// once and remembered until its device gets another name, so a sample costs one look-up.

#include <algorithm>
#include <utility>

#include "known_devices.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::name {

namespace {

using namespace std::chrono_literals;

struct Config {
  std::vector<std::string> attributes{"name", "vendor"};
  int max_devices = 4096;
  Duration forget = 30 * 24h;
};

std::string attributes_fault(const Config& config) {
  for (const std::string& attribute : config.attributes) {
    if (attribute == "device") return "'device' says which device is meant; remove it";
    if (std::string fault = tag_name_fault(attribute); !fault.empty()) return fault;
  }
  return "";
}

Options<Config> options() {
  return Options<Config>{}
      .add("attributes", &Config::attributes, "Which attributes of `device_info` the other series of a device get.")
      .not_empty()
      .check(attributes_fault)
      .add("max_devices", &Config::max_devices, "The most devices that are remembered; those beyond are counted.")
      .range(&Config::max_devices, 1, 1'000'000)
      .add("forget", &Config::forget, "A device that no `device_info` told of for so long is forgotten.")
      .range(&Config::forget, 1h, 24h * 3650);
}

/// What a series becomes, as long as its device has this version. `source` and what passes as it is are remembered
/// without being held.
struct Answer {
  SeriesPtr source, result;
  DevicePtr device;            // unknown: nullptr
  std::uint64_t version = 0;   // of the device
  std::uint64_t arrivals = 0;  // until which an unknown device was looked for
  std::uint64_t round = 0;
};

class Name final : public Stage {
 public:
  Name(const ConfigNode& node, Host& host)
      : config_(options().parse(node)),
        host_(host),
        devices_(config_.attributes, static_cast<std::size_t>(config_.max_devices), host),
        crowded_(host.log(), host.clock()),
        unnamed_(host.meter().counter("unnamed_series")) {}

  static Declarations declare() {
    return {options().docs(), {}, "Makes no measurements of its own; what passes keeps its measurement and identity."};
  }

  Status open() override {
    devices_.open();
    return Status::ok();
  }

  void process(Batch& batch) override {
    // The names that come with a batch hold for all of it.
    for (const Sample& sample : batch)
      if (is_info(*sample.series)) devices_.hear(*sample.series);
    for (Sample& sample : batch) settle(sample.series);
  }

  Duration tick_interval() const override { return 10min; }
  void tick(Timestamp, Batch&) override {
    devices_.forget(config_.forget);
    answers_.purge(1);
    // There may be room by now.
    if (std::exchange(was_crowded_, false))
      ++round_;
    else
      crowded_.resolve("there is room for names for all series again");
  }

  void close() noexcept override {
    answers_.clear();
    devices_.close();
  }

 private:
  static bool is_info(const Series& series) { return series.measurement().name() == "device_info"; }

  void settle(SeriesPtr& series) {
    if (!series->tag("device") || is_info(*series)) return;
    Answer* known = answers_.get(series);
    if (!known) {
      // Too many to remember them all: slower, and just as right.
      Answer answer;
      begin(answer, series);
      renew(answer);
      if (answer.result != series) series = answer.result;
      return;
    }
    if (known->source != series) begin(*known, series);
    if (is_stale(*known)) renew(*known);
    if (known->result != series) series = known->result;
  }

  /// Another handle of the same identity may carry other attributes, so it is answered anew.
  static void begin(Answer& answer, const SeriesPtr& series) {
    answer = {.source = series->shared_from_this(), .result = series->shared_from_this(), .device = nullptr};
  }

  bool is_stale(const Answer& answer) const {
    if (answer.round != round_) return true;
    return answer.device ? answer.version != answer.device->version : answer.arrivals != devices_.arrivals();
  }

  void renew(Answer& answer) {
    answer.round = round_;
    answer.arrivals = devices_.arrivals();
    answer.device = devices_.find(*answer.source->tag("device"));
    answer.version = answer.device ? answer.device->version : 0;
    Tags attributes = answer.source->attributes();
    if (answer.device)
      for (const Tag& tag : answer.device->attributes)
        if (!answer.source->tag(tag.key)) attributes.push_back(tag);  // what it says of itself counts more
    std::ranges::sort(attributes);
    if (attributes == answer.result->attributes()) return;
    const Series& source = *answer.source;
    answer.result = answer.source;  // the one before counts, so it goes before the next one is asked for
    SeriesPtr named = attributes == source.attributes()
                          ? answer.source
                          : host_.derive(source, source.measurement_ptr(), source.identity(), std::move(attributes));
    if (named->muted()) {
      // Better without a name than not at all.
      unnamed_.fetch_add(1, std::memory_order_relaxed);
      crowded_.complain(Level::warning, "more series than 'max_series' of this stage: some get no names; raise it");
      named = answer.source;
      was_crowded_ = true;
    }
    answer.result = std::move(named);
  }

  const Config config_;
  Host& host_;
  KnownDevices devices_;
  Complaint crowded_;
  std::atomic<std::uint64_t>& unnamed_;
  SeriesMap<Answer> answers_;
  std::uint64_t round_ = 1;  // goes up when all are to be answered anew
  bool was_crowded_ = false;
};

}  // namespace
}  // namespace trafficd::name

TRAFFICD_STAGE(name, trafficd::name::Name, "Gives devices their names, as attributes beside the identity.")
