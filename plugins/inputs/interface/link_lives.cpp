#include "link_lives.hpp"

#include <algorithm>

#include "link_folder.hpp"

namespace trafficd::interface {
namespace {

constexpr std::size_t most_ended = 4096;     // the kernel counts indices up: one that returns was given by hand
constexpr std::size_t traffic_counters = 4;  // bytes and packets

}  // namespace

void LinkLives::open(std::string boot_id, std::string network_namespace) {
  boot_id_ = std::move(boot_id);
  namespace_ = std::move(network_namespace);
  for (const std::string& name : host_.state().keys()) {
    if (name.starts_with("totals/")) continue;  // link_totals.cpp
    const std::string value = host_.state().get(name).value_or("");
    const std::size_t slash = name.find('/') + 1;
    const auto index = !boot_id_.empty() && value.starts_with(origin())
                           ? parse_number<int>(std::string_view(name).substr(slash))
                           : std::nullopt;
    if (index && *index > 0 && name == key(*index))
      generations_[*index] = value.substr(origin().size());
    else
      host_.state().erase(name);  // of another boot
  }
}

void LinkLives::close() {
  lives_.clear();
  generations_.clear();
  ended_.clear();
  next_ended_ = 0;
}

void LinkLives::begin(int index, Life life) {
  if (std::ranges::find(ended_, index) != ended_.end()) {
    renew(index);
    std::erase(ended_, index);
    next_ended_ = 0;
  }
  lives_[index] = life;
}

void LinkLives::renew(int index) {
  if (boot_id_.empty()) return;
  // A random number, not a count: it is forgotten with the device, and must not come again with the next one.
  std::string& generation = generations_[index];
  generation = std::to_string(new_epoch());
  host_.state().put(key(index), origin() + generation);
}

void LinkLives::meet(int index, bool watched) { begin(index, {.watched = watched, .used = watched}); }

void LinkLives::appear(int index, bool watched, bool from_zero) {
  begin(index, {.born = from_zero, .mark_due = !from_zero, .watched = watched, .used = watched});
}

void LinkLives::rename(int index, bool watched, bool from_zero) {
  const auto life = lives_.find(index);
  if (life == lives_.end()) return;
  if (watched && !life->second.watched && !from_zero) {
    // What it carried meanwhile must not look like growth since it was ours the last time.
    if (life->second.used) renew(index);
    life->second.mark_due = true;
    life->second.born = false;
  }
  life->second.watched = watched;
  life->second.used = life->second.used || watched;
}

void LinkLives::restart(int index, bool from_zero) {
  renew(index);
  lives_[index] = {.born = from_zero, .mark_due = !from_zero, .watched = true, .used = true};
}

void LinkLives::end(int index) {
  lives_.erase(index);
  if (generations_.erase(index) > 0) host_.state().erase(key(index));
  if (ended_.size() < most_ended)
    ended_.push_back(index);
  else
    ended_[next_ended_++ % most_ended] = index;
}

void LinkLives::keep_only(const std::set<int>& present) {
  std::set<int> gone;
  for (const auto& life : lives_) gone.insert(life.first);
  for (const auto& generation : generations_) gone.insert(generation.first);
  for (const int index : gone)
    if (!present.contains(index)) end(index);
}

std::uint64_t LinkLives::epoch(int index) const {
  if (boot_id_.empty()) return 0;
  const std::string number = std::to_string(index);
  const auto generation = generations_.find(index);
  if (generation == generations_.end()) return make_epoch({"interface", host_.id(), boot_id_, namespace_, number});
  return make_epoch({"interface", host_.id(), boot_id_, namespace_, number, generation->second});
}

bool LinkLives::born(int index) const {
  const auto life = lives_.find(index);
  return life != lives_.end() && life->second.born;
}

bool LinkLives::mark_due(int index) const {
  const auto life = lives_.find(index);
  return life != lives_.end() && life->second.mark_due;
}

void LinkLives::marked(int index) {
  if (const auto life = lives_.find(index); life != lives_.end()) life->second.mark_due = false;
}

bool at_zero(const LinkCounters& counters) {
  return std::all_of(counters.begin(), counters.begin() + main_counter_count,
                     [](const Value& value) { return value.as_unsigned() == 0; });
}

Fall fell(const LinkCounters& before, const LinkCounters& now) {
  bool any = false, all = true;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i].absent() || now[i].absent() || before[i].as_unsigned() == 0) continue;
    const bool fallen = now[i].as_unsigned() <= before[i].as_unsigned() / 2;
    any = any || (fallen && i < traffic_counters);
    all = all && fallen;
  }
  if (!any) return Fall::none;
  return all ? Fall::all : Fall::some;
}

void raise(LinkCounters& last, const LinkCounters& now) {
  for (std::size_t i = 0; i < last.size(); ++i)
    if (!now[i].absent() && (last[i].absent() || last[i].as_unsigned() < now[i].as_unsigned())) last[i] = now[i];
}

}  // namespace trafficd::interface
