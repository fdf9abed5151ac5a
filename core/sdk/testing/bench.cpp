#include "trafficd/testing/bench.hpp"

#include <algorithm>
#include <stdexcept>

#include "engine/config_file.hpp"
#include "engine/settings.hpp"

namespace trafficd::testing {

namespace {

/// Of what the daemon reads before the plugin sees its block, that which the bench obeys.
struct Common {
  std::string plugin, id;
  Duration interval{};
  Tags tags;
  std::uint64_t max_series = 0;
};

ConfigNode take_common(const PluginDescriptor& plugin, const ConfigNode& root, HostSettings& settings) {
  Options<Common> options;
  options.add("plugin", &Common::plugin, "").add("max_series", &Common::max_series, "");
  if (plugin.type == PluginType::input) options.add("interval", &Common::interval, "").add("tags", &Common::tags, "");
  if (plugin.type == PluginType::stage) options.add("id", &Common::id, "");
  std::vector<std::string> daemons;
  for (const OptionDoc& option : instance_options(plugin.type)) daemons.push_back(option.name);

  ConfigNode common = root;
  const std::vector<std::string> names = options.names();
  std::erase_if(common.entries, [&](const ConfigEntry& e) { return std::ranges::find(names, e.key) == names.end(); });
  Common read = options.parse(common);
  if (!read.plugin.empty() && read.plugin != plugin.name)
    throw ConfigError(*root.find("plugin"), "this is a test of '" + std::string(plugin.name) + "'");
  if (!read.id.empty()) settings.id = read.id;
  if (read.interval > Duration::zero()) settings.interval = read.interval;
  settings.tags.insert(settings.tags.end(), read.tags.begin(), read.tags.end());
  if (read.max_series > 0) settings.max_series = static_cast<std::int64_t>(read.max_series);

  ConfigNode own = root.without(daemons);
  own.type = ConfigNode::Type::map;
  return own;
}

class Collector final : public Emitter {
 public:
  explicit Collector(Batch& into) : into_(into) {}
  void emit(Batch& batch) override {
    into_.insert(into_.end(), std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
    batch.clear();
  }

 private:
  Batch& into_;
};

}  // namespace

void LineReader::declare(const MeasurementPtr& measurement) { measurements_[measurement->name()] = measurement; }

Batch LineReader::read(std::string_view lines) {
  const FindMeasurement find = [this](std::string_view name) -> MeasurementPtr {
    const auto found = measurements_.find(name);
    return found == measurements_.end() ? nullptr : found->second;
  };
  Batch batch;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.empty() || line.front() == '#') continue;
    Result<Sample> sample = parse_text(line, find);
    if (!sample) throw std::runtime_error(concat("cannot read the sample '", line, "': ", sample.error()));
    declare(sample->series->measurement_ptr());
    // The line without its values, which is what makes a handle: all that to_text writes of a sample with none.
    std::string key = to_text(Sample{.series = sample->series});
    sample->series = series_.try_emplace(std::move(key), sample->series).first->second;
    batch.push_back(std::move(*sample));
  }
  return batch;
}

Bench::Bench(const PluginDescriptor& plugin, std::string_view yaml, HostSettings settings) : type_(plugin.type) {
  Problems problems;
  ConfigNode root = parse_config(yaml, "test.yaml", problems);
  if (!problems.empty()) throw ConfigError(std::move(problems));
  if (root.type == ConfigNode::Type::null) root.type = ConfigNode::Type::map;
  const ConfigNode own = take_common(plugin, root, settings);
  host_ = std::make_unique<TestHost>(std::move(settings));
  for (const MeasurementPtr& measurement : plugin.declare().measurements) lines_.declare(measurement);
  instance_.emplace(plugin, own, *host_);
}

Bench::~Bench() { close_now(); }

Status Bench::open() {
  if (open_) throw std::logic_error("the instance is open already");
  const Status status = instance_->open();
  open_ = status.is_ok();
  collected_ = read_ = false;
  ticker_.reset();
  return status;
}

void Bench::close() { close_now(); }

void Bench::close_now() noexcept {
  if (!open_) return;
  open_ = false;
  instance_->close();
}

void Bench::ensure_open() {
  if (open_) return;
  if (const Status status = open(); !status) throw std::runtime_error("open failed: " + status.message());
}

Status Bench::collect() {
  ensure_open();
  collected_ = true;
  return poll_input().collect(samples_);
}

Duration Bench::step_interval() const {
  if (type_ == PluginType::stage) return instance_->stage()->tick_interval();
  return type_ == PluginType::output ? std::chrono::minutes(1) : host_->interval();
}

Status Bench::step() {
  if (type_ == PluginType::output) return output().idle();
  if (type_ == PluginType::input) return collect();
  stage().tick(host_->clock().now(), samples_);
  return Status::ok();
}

Status Bench::run_stream(SteadyTime end) {
  clock().set_horizon(end);
  Collector collector(samples_);
  Status status = Status::ok();
  // A recording is read once.
  if (!stream_input().recorded() || !read_) status = stream_input().run({}, collector);
  read_ = true;
  clock().set_horizon(SteadyTime::max());
  clock().advance_to(end);
  return status;
}

Status Bench::advance(Duration time) {
  ensure_open();
  const SteadyTime end = clock().steady() + time;
  if (type_ == PluginType::input && is_stream()) return run_stream(end);

  Status last = Status::ok();
  const auto remember = [&last](Status status) {
    if (!status) last = std::move(status);
  };
  if (type_ == PluginType::input && !collected_) remember(collect());
  if (const Duration interval = step_interval(); interval > Duration::zero()) {
    if (!ticker_) {
      ticker_ = std::make_unique<Ticker>(clock(), interval);
      next_ = ticker_->next();
    }
    while (next_ <= end) {
      clock().advance_to(next_);
      remember(step());
      next_ = ticker_->next();
    }
  }
  clock().advance_to(end);
  return last;
}

std::string Bench::process(std::string_view lines) {
  Batch batch = lines_.read(lines);
  process(batch);
  return to_text(batch);
}

void Bench::process(Batch& batch) {
  ensure_open();
  stage().process(batch);
  samples_.insert(samples_.end(), batch.begin(), batch.end());
}

WriteResult Bench::write(std::string_view lines) {
  const Batch batch = lines_.read(lines);
  return write(std::span<const Sample>(batch));
}

WriteResult Bench::write(std::span<const Sample> batch) {
  ensure_open();
  return output().write(batch);
}

}  // namespace trafficd::testing
