// How fast counters grow: for each sample of a series with counters, one of `<measurement>_rate` with a gauge per
// counter, per second. The numbers come from CounterTracker, which knows wrap, restart and resend.

#include "derived/derived.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

using namespace std::chrono_literals;

struct Config {
  std::vector<std::string> fields;
  bool drop = false;
  Duration forget = 1h;
};

Options<Config> options() {
  return Options<Config>{}
      .add("fields", &Config::fields, "Counters to make rates of: names with `*`, `?`, `[…]`; by default all.")
      .patterns(OptionDoc::Fits::counter)
      .not_empty()
      .add("drop", &Config::drop, "Whether the samples that rates were made of are taken out.")
      .add("forget", &Config::forget, "A series that has not come for so long is forgotten.")
      .range(&Config::forget, 1min, 8760h);
}

using derived::Shape;
using derived::ShapePtr;

std::string per_second(const std::string& unit) {
  if (unit.empty()) return "1/s";
  return unit == "s" ? "1" : unit + "/s";
}

/// What is known of one source series. It belongs to the handle `source`; another handle of the same identity may
/// carry other attributes or another shape.
struct Track {
  SeriesPtr source, derived;
  ShapePtr shape;
  CounterTracker tracker;
  std::vector<Timestamp> seen;  ///< per column: when its field last moved or stood; unset: never
};

/// Whether the tracker's mark of the sample's life stands exactly at this value: a field that did not move has rate
/// zero, one that is below its mark was resent and has none.
bool at_mark(const CounterTracker& tracker, const Sample& sample, const Shape::Column& column) {
  for (const Baseline& life : tracker.baselines())
    if (life.epoch == sample.epoch)
      return column.counter < life.totals.size() &&
             life.totals[column.counter] == total_of(sample.values[column.field]);
  return false;
}

class Rate final : public Stage {
 public:
  Rate(const ConfigNode& node, Host& host)
      : config_(options().parse(node)),
        host_(host),
        too_many_(host.log(), host.clock()),
        untracked_(host.meter().counter("untracked_samples")),
        shapes_({"_rate", "Rates of", config_.fields, [](const FieldSpec& counter) {
                   return FieldSpec{counter.name, Kind::gauge, per_second(counter.unit), "Per second: " + counter.help};
                 }}) {}

  static Declarations declare() {
    return {
        options().docs(),
        {},
        "For every measurement with counters: `<measurement>_rate`, with the same tags and a gauge per counter under "
        "the counter's name, in the counter's unit per second.",
        {{"_rate", Kind::gauge}}};
  }

  void process(Batch& batch) override {
    derived::derive(batch, config_.drop, [this](const Sample& sample, Batch& out) {
      Track* track = find_track(sample);
      if (!track || !track->shape->made) return false;
      add_rates(*track, sample, out);
      return true;
    });
  }

  Duration tick_interval() const override { return config_.forget / forget_steps; }
  void tick(Timestamp, Batch&) override {
    tracks_.purge(forget_steps);
    if (tracks_.size() < tracks_.limit()) too_many_.resolve("there is room for new series again");
  }

 private:
  static constexpr int forget_steps = 4;

  /// The memory of the sample's series; nullptr, counted, when there are too many.
  Track* find_track(const Sample& sample) {
    Track* track = tracks_.get(sample.series);
    if (!track) {
      untracked_.fetch_add(1, std::memory_order_relaxed);
      too_many_.complain(Level::warning, concat("more than ", tracks_.limit(),
                                                " series at once: no rates for new ones; "
                                                "filter before this stage, or shorten 'forget'"));
    } else if (track->source != sample.series) {
      follow(*track, sample.series);
    }
    return track;
  }

  /// Another handle of the same identity: new attributes, perhaps a new shape, in which case old marks mean nothing.
  void follow(Track& track, const SeriesPtr& series) {
    const ShapePtr shape = shapes_.of(series->measurement_ptr());
    if (!track.shape || !track.shape->source->compatible(*shape->source)) {
      track.tracker = {};
      track.seen.assign(shape->columns.size(), Timestamp::min());
    }
    track.shape = shape;
    track.source = series->shared_from_this();
    track.derived =
        shape->made ? host_.derive(*series, shape->made, series->identity(), series->attributes()) : nullptr;
  }

  void add_rates(Track& track, const Sample& sample, Batch& out) {
    const Shape& shape = *track.shape;
    if (sample.values.size() != shape.source->fields().size()) return;
    const auto& lives = track.tracker.baselines();
    const bool same_life = !lives.empty() && lives.back().epoch == sample.epoch;
    track.tracker.step(sample, increase_);
    // A growth with an earlier time: the clock was put back, and is right from now on.
    const bool put_back = same_life && increase_.reason == Increase::Reason::grown;

    std::vector<Value> rates(shape.columns.size());
    bool any = false;
    Timestamp from = Timestamp::min();  // fields of one series are mostly seen together: one division for all
    double seconds = 0;
    for (std::size_t i = 0; i < rates.size(); ++i) {
      const Shape::Column& column = shape.columns[i];
      Timestamp& seen = track.seen[i];
      if (total_of(sample.values[column.field]) == Baseline::unseen) continue;
      const std::uint64_t amount = increase_.amounts[column.counter];
      if (amount == 0 && !at_mark(track.tracker, sample, column)) continue;
      if (sample.time <= seen) {
        if (put_back) seen = sample.time;
        continue;
      }
      // A mark is no observation: it only says from when on the next growth counts.
      if (seen != Timestamp::min() && !sample.mark_only) {
        if (seen != from) seconds = std::chrono::duration<double>(sample.time - seen).count();
        from = seen;
        rates[i] = static_cast<double>(amount) / seconds;
        any = true;
      }
      seen = sample.time;
    }
    if (any) out.push_back({.series = track.derived, .time = sample.time, .values = std::move(rates)});
  }

  const Config config_;
  Host& host_;
  Complaint too_many_;
  std::atomic<std::uint64_t>& untracked_;
  SeriesMap<Track> tracks_;
  derived::Shapes shapes_;
  Increase increase_;  // used again for every sample
};

}  // namespace
}  // namespace trafficd

TRAFFICD_STAGE(rate, trafficd::Rate, "Makes rates per second of counters.")
