#include "engine/meter.hpp"

#include <algorithm>

namespace trafficd {

namespace {
// Reasons come from plugins and servers; a flood of different ones must not grow the table.
constexpr std::size_t most_reasons = 32;
}  // namespace

InstanceMeter::InstanceMeter(std::string instance, std::string role, std::string plugin)
    : instance_(std::move(instance)), role_(std::move(role)), plugin_(std::move(plugin)) {}

void InstanceMeter::note(const std::string& reason, std::uint64_t samples, Timestamp first, Timestamp last) {
  const bool room = losses_.size() < most_reasons || losses_.contains(reason);
  SelfReading::Loss& loss = losses_[room ? reason : "other"];
  if (loss.samples == 0) {
    loss.reason = room ? reason : "other";
    loss.first = first;
    loss.last = last;
  }
  loss.samples += samples;
  loss.first = std::min(loss.first, first);
  loss.last = std::max(loss.last, last);
}

void InstanceMeter::lose(const std::string& reason, std::uint64_t samples, Timestamp first, Timestamp last) {
  if (samples == 0) return;
  const std::lock_guard lock(mutex_);
  dropped_ += samples;
  note(reason, samples, first, last);
}

void InstanceMeter::reject(const std::string& reason, std::uint64_t samples, Timestamp first, Timestamp last) {
  if (samples == 0) return;
  const std::lock_guard lock(mutex_);
  rejected_ += samples;
  note(reason, samples, first, last);
}

std::atomic<std::uint64_t>& InstanceMeter::counter(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return counters_.try_emplace(std::string(name), 0).first->second;
}

std::atomic<std::int64_t>& InstanceMeter::gauge(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return gauges_.try_emplace(std::string(name), 0).first->second;
}

SelfReading InstanceMeter::reading() const {
  SelfReading r;
  r.instance = instance_;
  r.role = role_;
  r.plugin = plugin_;
  r.samples_in = samples_in.load(std::memory_order_relaxed);
  r.samples_out = samples_out.load(std::memory_order_relaxed);
  r.errors = errors.load(std::memory_order_relaxed);
  r.queue = queue.load(std::memory_order_relaxed);
  r.queue_limit = queue_limit.load(std::memory_order_relaxed);
  r.last_duration = Duration(last_duration.load(std::memory_order_relaxed));
  const std::lock_guard lock(mutex_);
  if (series_) r.series = static_cast<std::uint64_t>(std::max<std::int64_t>(*series_, 0));
  r.dropped = dropped_;
  r.rejected = rejected_;
  for (const auto& [reason, loss] : losses_) r.losses.push_back(loss);
  for (const auto& [name, value] : counters_)
    r.own.push_back({name, static_cast<std::int64_t>(value.load(std::memory_order_relaxed)), true});
  for (const auto& [name, value] : gauges_) r.own.push_back({name, value.load(std::memory_order_relaxed), false});
  return r;
}

std::shared_ptr<std::atomic<std::int64_t>> InstanceMeter::fresh_series() {
  const std::lock_guard lock(mutex_);
  return series_ = std::make_shared<std::atomic<std::int64_t>>(0);
}

std::shared_ptr<InstanceMeter> MeterRegistry::add(std::string instance, std::string role, std::string plugin) {
  const std::lock_guard lock(mutex_);
  std::erase_if(meters_, [](const auto& m) { return m.expired(); });
  for (const auto& weak : meters_)
    if (auto living = weak.lock(); living && living->is_of(instance, role, plugin)) return living;
  auto meter = std::make_shared<InstanceMeter>(std::move(instance), std::move(role), std::move(plugin));
  meters_.push_back(meter);
  return meter;
}

std::vector<SelfReading> MeterRegistry::readings() const {
  const std::lock_guard lock(mutex_);
  std::vector<SelfReading> all;
  for (const auto& weak : meters_)
    if (auto meter = weak.lock()) all.push_back(meter->reading());
  return all;
}

}  // namespace trafficd
