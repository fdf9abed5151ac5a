// One total that only grows for each counter, over every restart of its source: for each sample of a series with
// counters, one of `<measurement>_total`. The increases come from CounterTracker; total and baseline stand in the
// state as one value, so that after a kill counting goes on from the older pair and the next sample repairs both.

#include <limits>
#include <unordered_map>

#include "derived/derived.hpp"
#include "record.hpp"

namespace trafficd {

namespace {

using namespace std::chrono_literals;
using total::Record;

struct Config {
  std::vector<std::string> fields;
  bool drop = false, durable = true;
  Duration forget = 8760h;
};

Options<Config> options() {
  return Options<Config>{}
      .add("fields", &Config::fields, "Counters to make totals of: names with `*`, `?`, `[…]`; by default all.")
      .patterns(OptionDoc::Fits::counter)
      .not_empty()
      .add("drop", &Config::drop, "Whether the samples that totals were made of are taken out.")
      .add(
          "durable", &Config::durable,
          "Whether a total is on disk before it is given out, so that it never falls; `no` saves writes: after a power "
          "cut it may stand lower, by what came since the last checkpoint.")
      .add("forget", &Config::forget, "The total of a series that has not come for so long is forgotten.")
      .range(&Config::forget, 24h, 87600h);
}

constexpr std::size_t most_series = 100'000, most_lives = 4 * most_series;
constexpr int ticks_in_memory = 24;
// So long a kill may have taken the first totals from who is to count them.
constexpr Duration newborn = 24h;

using derived::Shape;
using derived::ShapePtr;

/// What is known of one source series. It belongs to the handle `source`; another handle of the same identity may
/// carry other attributes or another shape.
struct Track {
  SeriesPtr source, derived, kept;
  ShapePtr shape;
  std::string key;
  Record record;
  bool began_here = false;       ///< the total began at zero while we ran
  bool refused = false;          ///< the state is full
  std::uint64_t generation = 0;  ///< when the record was read
};

class Total final : public Stage {
 public:
  Total(const ConfigNode& node, Host& host)
      : config_(options().parse(node)),
        host_(host),
        too_many_(host.log(), host.clock()),
        untracked_(host.meter().counter("untracked_samples")),
        doubtful_(host.meter().counter("doubtful")),
        shapes_({"_total", "Totals over all restarts of", config_.fields, [](const FieldSpec& counter) {
                   return FieldSpec{counter.name, Kind::counter, counter.unit, "Over all restarts: " + counter.help};
                 }}) {}

  static Declarations declare() {
    return {options().docs(),
            {},
            "For every measurement with counters: `<measurement>_total`, with the same tags and counters, which only "
            "grow.",
            {{"_total", Kind::counter}}};
  }

  Status open() override {
    stored_ = 0;
    for_each_record([this](const std::string& key, const Record& record) {
      ++stored_;
      for (const Baseline& life : record.tracker.baselines()) remember(life.epoch, key);
      return true;
    });
    return Status::ok();
  }

  void process(Batch& batch) override {
    derived::derive(batch, config_.drop, [this](const Sample& sample, Batch& out) {
      Track* track = find_track(sample);
      if (!track) return false;
      add_total(*track, sample, out);
      return true;
    });
  }

  Duration tick_interval() const override { return 1h; }
  void tick(Timestamp now, Batch&) override {
    tracks_.purge(ticks_in_memory);
    // A clock that was set years ahead must not make everything look old.
    const bool even = std::chrono::abs(now - last_tick_ - tick_interval()) < 1min;
    last_tick_ = now;
    for_each_record([&](const std::string&, const Record& record) {
      const bool stays = !even || record.time > now - config_.forget;
      stored_ -= stays ? 0 : 1;
      return stays;
    });
    if (stored_ < most_series && tracks_.size() < tracks_.limit())
      too_many_.resolve("there is room for new series again");
  }

  void close() noexcept override {
    tracks_.clear();
    lives_.clear();
  }

 private:
  /// Calls `use` for what the state holds; what is no record, or is not to stay, goes.
  template <class Use>
  void for_each_record(const Use& use) {
    Record record;
    std::vector<std::string> names;
    for (const std::string& key : host_.state().keys())
      if (!total::from_bytes(key, host_.state().get(key).value_or(""), record, names) || !use(key, record))
        host_.state().erase(key);
  }

  /// The memory of the sample's series; nullptr when nothing is made of it.
  Track* find_track(const Sample& sample) {
    Track* track = tracks_.get(sample.series);
    if (track && track->source != sample.series) follow(*track, sample.series);
    if (track && (!track->shape->made || sample.values.size() != track->shape->source->fields().size())) return nullptr;
    if (track && track->generation != generation_) read(*track);
    if (track && !track->refused) return track;
    untracked_.fetch_add(1, std::memory_order_relaxed);
    too_many_.complain(Level::warning, concat("more than ", most_series,
                                              " series: no totals for new ones; filter before this stage, or shorten "
                                              "'forget'"));
    return nullptr;
  }

  /// Another handle of the same identity: new attributes, perhaps a new shape.
  void follow(Track& track, const SeriesPtr& series) {
    const ShapePtr shape = shapes_.of(series->measurement_ptr());
    if (!track.shape || !track.shape->source->compatible(*shape->source)) {
      track.kept = make_series(series->instance(), total::counters_of(*shape->source), series->identity());
      track.key = total::key_of(track.kept);
      track.generation = 0;
    }
    track.shape = shape;
    track.source = series->shared_from_this();
    track.derived =
        shape->made ? host_.derive(*series, shape->made, series->identity(), series->attributes()) : nullptr;
  }

  /// From the state, or anew.
  void read(Track& track) {
    track.generation = generation_;
    std::vector<std::string> names;
    const auto stored = host_.state().get(track.key);
    if (stored && total::from_bytes(track.key, *stored, track.record, names)) {
      total::reorder(track.record, names, track.kept->measurement());
      track.refused = false;
      return;
    }
    track.record = {.epoch = new_epoch(), .time = {}, .totals = {}, .tracker = {}, .begun = host_.clock().now()};
    track.record.totals.resize(track.kept->measurement().fields().size());
    track.began_here = true;
    track.refused = stored_ >= most_series;
    if (!stored && !track.refused) ++stored_;
  }

  void remember(std::uint64_t epoch, const std::string& key) {
    if (lives_.size() >= most_lives) lives_.clear();
    if (epoch != 0) lives_[epoch] = key;
  }

  /// A life that the series never had may have gone by another name until now: then its baseline moves over. False
  /// when the sample is a late one from before that, and counted already.
  bool adopt(Track& track, const Sample& sample) {
    const auto owner = lives_.find(sample.epoch);
    if (owner == lives_.end() || owner->second == track.key) return true;
    Record other;
    std::vector<std::string> names;
    if (!total::from_bytes(owner->second, host_.state().get(owner->second).value_or(""), other, names)) return true;
    const auto line = parse_text(owner->second + " - 0 -");
    if (!line || line->series->instance() != sample.series->instance() ||
        line->series->measurement().name() != sample.series->measurement().name())
      return true;
    total::reorder(other, names, track.kept->measurement());
    std::optional<Baseline> life = other.tracker.take(sample.epoch);
    if (!life) return true;
    if (stands_below(sample, *life)) return sample.time > life->time;
    track.record.tracker.restore(*std::move(life));
    const SeriesPtr kept =
        make_series(line->series->instance(), track.kept->measurement_ptr(), line->series->identity());
    host_.state().put(owner->second, total::to_bytes(other, kept));
    track.generation = ++generation_;
    return true;
  }

  void add_total(Track& track, const Sample& sample, Batch& out) {
    Record& record = track.record;
    const auto& lives = record.tracker.baselines();
    const bool known = std::ranges::any_of(lives, [&](const Baseline& life) { return life.epoch == sample.epoch; });
    if (!known && sample.epoch != 0) {
      if (!adopt(track, sample)) return;
      remember(sample.epoch, track.key);
    }
    record.tracker.step(sample, increase_);
    doubtful_.fetch_add(increase_.doubts.size(), std::memory_order_relaxed);
    bool grown = false;
    for (std::size_t i = 0; i < record.totals.size(); ++i) {
      const std::uint64_t room = std::numeric_limits<std::uint64_t>::max() - 1 - record.totals[i];
      record.totals[i] += std::min(increase_.amounts[i], room);
      grown = grown || increase_.amounts[i] > 0;
    }
    if (!grown && sample.time < record.time) return;  // a late one: who counts has seen more already
    record.time = sample.time;
    if (host_.clock().now() - record.begun >= newborn) record.begun = Record::never;
    host_.state().put(track.key, total::to_bytes(record, track.kept));
    if (config_.durable && (grown || !known)) host_.state().secure();

    std::vector<Value> values(track.shape->columns.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Shape::Column& column = track.shape->columns[i];
      if (total_of(sample.values[column.field]) != Baseline::unseen) values[i] = record.totals[column.counter];
    }
    out.push_back({.series = track.derived,
                   .time = sample.time,
                   .epoch = record.epoch,
                   .born = track.began_here || record.begun != Record::never,
                   .values = std::move(values)});
  }

  const Config config_;
  Host& host_;
  Complaint too_many_;
  std::atomic<std::uint64_t>&untracked_, &doubtful_;
  SeriesMap<Track> tracks_{most_series};
  derived::Shapes shapes_;
  std::unordered_map<std::uint64_t, std::string> lives_;  ///< by epoch, the series in the state that had it last
  std::size_t stored_ = 0;
  std::uint64_t generation_ = 1;
  Timestamp last_tick_;
  Increase increase_;  // used again for every sample
};

}  // namespace
}  // namespace trafficd

TRAFFICD_STAGE(total, trafficd::Total, "Carries counters on over restarts, as one total that only grows.")
