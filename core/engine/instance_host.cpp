#include "engine/instance_host.hpp"

#include "engine/thinning.hpp"

namespace trafficd {

InstanceHost::InstanceHost(const Services& services, const InstanceSettings& settings, std::string key,
                           std::string role)
    : services_(services),
      key_(std::move(key)),
      interval_(settings.interval),
      tags_(settings.tags),
      max_series_(static_cast<std::int64_t>(settings.max_series)),
      log_(services.journal.logger(key_, settings.log)),
      meter_(services.meters.add(key_, role, settings.plugin)),
      state_(services.state.instance(role + '/' + key_)),
      too_many_(*log_, services.clock) {}

SeriesPtr InstanceHost::series(const MeasurementPtr& measurement, Tags identity, Tags attributes,
                               CounterTraits traits) {
  attributes.insert(attributes.end(), tags_.begin(), tags_.end());
  SeriesPtr made =
      make_series(key_, measurement, std::move(identity), std::move(attributes), traits, meter_->series, max_series_);
  muted_made_ = muted_made_ || made->muted();
  return made;
}

SeriesPtr InstanceHost::derive(const Series& from, const MeasurementPtr& measurement, Tags identity, Tags attributes) {
  SeriesPtr made = make_series(from.instance(), measurement, std::move(identity), std::move(attributes), from.traits(),
                               meter_->series, max_series_);
  muted_made_ = muted_made_ || made->muted();
  return made;
}

void InstanceHost::drop_muted(Batch& batch) {
  if (!muted_made_) return;
  Given dropped;
  std::erase_if(batch, [&](const Sample& sample) {
    if (!sample.series->muted()) return false;
    dropped.add(sample);
    return true;
  });
  if (dropped.samples == 0) {
    // A batch without the surplus is no room.
    if (*meter_->series < max_series_) too_many_.resolve("there is room for all series again");
    return;
  }
  meter_->lose("max_series", dropped.samples, dropped.first, dropped.last);
  too_many_.complain(Level::warning, concat("more than ", max_series_, " series at once: ", dropped.samples,
                                            " samples dropped; raise 'max_series' if so many are right"));
}

}  // namespace trafficd
