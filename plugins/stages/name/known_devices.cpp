#include "known_devices.hpp"

#include <algorithm>

namespace trafficd::name {

namespace {

constexpr std::size_t most_id_bytes = 256, most_value_bytes = 512;
constexpr Timestamp earliest{std::chrono::seconds(946'684'800)};  // 2000: what is before it was no time

bool good_id(std::string_view id) { return !id.empty() && id.size() <= most_id_bytes && printable(id) == id; }

/// A record is a line of text about a series of this shape.
MeasurementPtr record_measurement() {
  static const MeasurementPtr made = make_measurement("device_info", "", {{"info", Kind::gauge, "1", ""}}, {"device"});
  return made;
}

}  // namespace

KnownDevices::KnownDevices(std::vector<std::string> wanted, std::size_t most, Host& host)
    : wanted_(std::move(wanted)),
      most_(most),
      host_(host),
      full_(host.log(), host.clock()),
      left_out_(host.meter().counter("devices_left_out")),
      refused_(host.meter().counter("attributes_left_out")),
      renames_(host.meter().counter("changes")),
      held_(host.meter().gauge("devices")) {}

void KnownDevices::open() {
  for (const std::string& key : host_.state().keys()) {
    const auto record = parse_text(host_.state().get(key).value_or(""));
    const bool good = record && record->series->tag("device") == key && good_id(key);
    if (!good || devices_.size() >= most_) {
      host_.state().erase(key);
      continue;
    }
    const auto device = std::make_shared<Device>();
    device->attributes = wanted_of(*record->series);
    const Timestamp now = host_.clock().now(), said = record->time;
    const Duration age = said >= earliest && said < now ? now - said : Duration::zero();
    device->heard = device->kept = host_.clock().steady() - age;
    devices_.emplace(key, device);
  }
  ++arrivals_;
  held_.store(static_cast<std::int64_t>(devices_.size()), std::memory_order_relaxed);
}

void KnownDevices::close() { devices_.clear(); }

Tags KnownDevices::wanted_of(const Series& series) {
  Tags tags;
  for (const Tag& tag : series.attributes()) {
    if (tag.value.empty() || std::ranges::find(wanted_, tag.key) == wanted_.end()) continue;
    if (tag.value.size() <= most_value_bytes)
      tags.push_back(tag);
    else
      refused_.fetch_add(1, std::memory_order_relaxed);
  }
  return tags;
}

void KnownDevices::hear(const Series& info) {
  const auto id = info.tag("device");
  if (!id) return;
  const auto known = devices_.find(*id);
  if (known != devices_.end()) {
    known->second->heard = host_.clock().steady();
    if (known->second->info.get() == &info) return;
    known->second->info = info.shared_from_this();
  }
  const Tags said = wanted_of(info);
  if (said.empty()) return;
  if (known == devices_.end() && (devices_.size() >= most_ || !good_id(*id))) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    if (devices_.size() < most_) return;
    full_.complain(Level::warning, concat("more than ", most_,
                                          " devices: new ones get no names; raise 'max_devices', "
                                          "or shorten 'forget'"));
    return;
  }
  const DevicePtr device = known != devices_.end() ? known->second : std::make_shared<Device>();
  Tags now = device->attributes;
  for (const Tag& tag : said) {
    const auto place = std::ranges::lower_bound(now, tag.key, {}, &Tag::key);
    if (place != now.end() && place->key == tag.key)
      place->value = tag.value;
    else
      now.insert(place, tag);
  }
  if (now == device->attributes) return;
  device->attributes = std::move(now);
  ++device->version;
  device->heard = host_.clock().steady();
  keep(std::string(*id), *device);
  if (known != devices_.end()) {
    renames_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  device->info = info.shared_from_this();
  devices_.emplace(*id, device);
  ++arrivals_;
  held_.store(static_cast<std::int64_t>(devices_.size()), std::memory_order_relaxed);
}

void KnownDevices::keep(const std::string& id, Device& device) {
  device.kept = device.heard;
  const Timestamp time = host_.clock().now() - (host_.clock().steady() - device.heard);
  const SeriesPtr series = make_series("name", record_measurement(), {{"device", id}}, device.attributes);
  host_.state().put(id, to_text(Sample{.series = series, .time = time, .values = {1}}));
}

DevicePtr KnownDevices::find(std::string_view device) const {
  const auto found = devices_.find(device);
  return found == devices_.end() ? nullptr : found->second;
}

void KnownDevices::forget(Duration silence) {
  const SteadyTime now = host_.clock().steady();
  std::erase_if(devices_, [&](const auto& item) {
    if (now - item.second->heard <= silence) {
      // Seldom, as it is only for the next start: a record says when a device was heard of to a tenth of the time.
      if (item.second->heard - item.second->kept > silence / 10) keep(item.first, *item.second);
      return false;
    }
    item.second->attributes.clear();
    ++item.second->version;
    host_.state().erase(item.first);
    return true;
  });
  held_.store(static_cast<std::int64_t>(devices_.size()), std::memory_order_relaxed);
  if (devices_.size() < most_) full_.resolve("there is room for new devices again");
}

}  // namespace trafficd::name
