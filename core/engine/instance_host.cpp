#include "engine/instance_host.hpp"

#include <stdexcept>

#include "engine/nonsense.hpp"
#include "engine/thinning.hpp"

namespace trafficd {

InstanceHost::InstanceHost(const Services& services, const InstanceSettings& settings, std::string key,
                           std::string role)
    : services_(services),
      key_(std::move(key)),
      interval_(settings.interval),
      tags_(settings.tags),
      max_series_(static_cast<std::int64_t>(settings.max_series)),
      log_(services.journal.plugin_logger(key_, settings.log)),
      own_log_(services.journal.logger(key_, settings.log)),
      meter_(services.meters.add(key_, role, settings.plugin)),
      series_(meter_->fresh_series()),
      state_(services.state.instance(role + '/' + key_)),
      too_many_(*own_log_, services.clock),
      malformed_(*own_log_, services.clock) {}

void InstanceHost::refuse_nonsense(const MeasurementPtr& measurement, Tags& identity, Tags& attributes) {
  if (!measurement || measurement != checked_) {
    if (const std::string fault = shape_fault(measurement.get()); !fault.empty())
      throw std::invalid_argument(concat("the plugin asks for a series of a measurement that cannot be one: ", fault));
    checked_ = measurement;
  }
  std::string refused;
  for (Tags* tags : {&identity, &attributes})
    std::erase_if(*tags, [&](const Tag& tag) {
      std::string fault = tag.key.empty() ? concat("'", tag.value, "' has no name") : tag_name_fault(tag.key);
      if (fault.empty()) return false;
      refused = std::move(fault);
      return true;
    });
  if (!refused.empty()) malformed_.complain(Level::error, concat("a tag of the plugin is left away: ", refused));
}

SeriesPtr InstanceHost::series(const MeasurementPtr& measurement, Tags identity, Tags attributes,
                               CounterTraits traits) {
  refuse_nonsense(measurement, identity, attributes);
  attributes.insert(attributes.end(), tags_.begin(), tags_.end());
  SeriesPtr made =
      make_series(key_, measurement, std::move(identity), std::move(attributes), traits, series_, max_series_);
  muted_made_ = muted_made_ || made->muted();
  return made;
}

SeriesPtr InstanceHost::derive(const Series& from, const MeasurementPtr& measurement, Tags identity, Tags attributes) {
  refuse_nonsense(measurement, identity, attributes);
  SeriesPtr made = make_series(from.instance(), measurement, std::move(identity), std::move(attributes), from.traits(),
                               series_, max_series_);
  muted_made_ = muted_made_ || made->muted();
  return made;
}

void InstanceHost::sift(Batch& batch) {
  drop_malformed(batch);
  drop_muted(batch);
}

void InstanceHost::lose(Batch& batch) {
  const Given lost = given(batch);
  batch.clear();
  if (lost.samples == 0) return;
  meter_->lose(left_behind, lost.samples, lost.first, lost.last);
  own_log_->warning(concat(lost.samples, " samples came after this instance was left behind, and are lost"));
}

void InstanceHost::drop_malformed(Batch& batch) {
  Given dropped;
  std::string what;
  std::size_t cleared = 0;
  std::erase_if(batch, [&](Sample& sample) {
    if (is_plain(sample)) return false;
    cleared += clear_non_numbers(sample);
    std::string fault = sample_fault(sample);
    if (fault.empty()) return false;
    dropped.add(sample);
    what = std::move(fault);
    return true;
  });
  if (cleared > 0) meter_->counter("values_left_out").fetch_add(cleared, std::memory_order_relaxed);
  if (dropped.samples == 0) return;
  meter_->lose("malformed", dropped.samples, dropped.first, dropped.last);
  malformed_.complain(Level::error,
                      concat("the plugin gave ", dropped.samples, " samples that cannot be used, such as ", what,
                             "; they were dropped: tell its author"));
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
    if (*series_ < max_series_) too_many_.resolve("there is room for all series again");
    return;
  }
  meter_->lose("max_series", dropped.samples, dropped.first, dropped.last);
  too_many_.complain(Level::warning, concat("more than ", max_series_, " series at once: ", dropped.samples,
                                            " samples dropped; raise 'max_series' if so many are right"));
}

}  // namespace trafficd
