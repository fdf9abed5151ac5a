#include "trafficd/testing/host.hpp"

#include <algorithm>

namespace trafficd::testing {

void RecordingLogger::write(Level level, std::string_view message) {
  const std::lock_guard lock(mutex_);
  lines_.push_back({level, std::string(message)});
}

std::vector<RecordingLogger::Line> RecordingLogger::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

bool RecordingLogger::contains(Level level, std::string_view part) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(
      lines_, [&](const Line& line) { return line.level == level && line.message.find(part) != std::string::npos; });
}

std::size_t RecordingLogger::count(Level level) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count(lines_, level, &Line::level));
}

void RecordingLogger::clear() {
  const std::lock_guard lock(mutex_);
  lines_.clear();
}

std::optional<std::string> MemoryState::get(std::string_view key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second;
}

void MemoryState::put(std::string_view key, std::string bytes) { entries_[std::string(key)] = std::move(bytes); }

void MemoryState::erase(std::string_view key) {
  if (const auto found = entries_.find(key); found != entries_.end()) entries_.erase(found);
}

std::vector<std::string> MemoryState::keys() const {
  std::vector<std::string> all;
  for (const auto& entry : entries_) all.push_back(entry.first);
  return all;
}

std::atomic<std::uint64_t>& MemoryMeter::counter(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return counters_.try_emplace(std::string(name)).first->second;
}

std::atomic<std::int64_t>& MemoryMeter::gauge(std::string_view name) {
  const std::lock_guard lock(mutex_);
  return gauges_.try_emplace(std::string(name)).first->second;
}

std::uint64_t MemoryMeter::counted(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = counters_.find(name);
  return found == counters_.end() ? 0 : found->second.load();
}

std::int64_t MemoryMeter::gauged(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = gauges_.find(name);
  return found == gauges_.end() ? 0 : found->second.load();
}

TestHost::TestHost(HostSettings settings)
    : settings_(std::move(settings)), clock_(settings_.start), held_(std::make_shared<std::atomic<std::int64_t>>(0)) {
  if (settings_.state_folder.empty()) settings_.state_folder = folder_.emplace().path();
}

SeriesPtr TestHost::series(const MeasurementPtr& measurement, Tags identity, Tags attributes, CounterTraits traits) {
  attributes.insert(attributes.end(), settings_.tags.begin(), settings_.tags.end());
  return make_series(settings_.id, measurement, std::move(identity), std::move(attributes), traits, held_,
                     settings_.max_series);
}

SeriesPtr TestHost::derive(const Series& from, const MeasurementPtr& measurement, Tags identity, Tags attributes) {
  return make_series(from.instance(), measurement, std::move(identity), std::move(attributes), from.traits(), held_,
                     settings_.max_series);
}

}  // namespace trafficd::testing
