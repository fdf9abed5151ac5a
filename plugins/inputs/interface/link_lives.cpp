#include "link_lives.hpp"

#include <algorithm>
#include <sstream>

#include "link_folder.hpp"
#include "trafficd/units.hpp"

namespace trafficd::interface {
namespace {

constexpr std::size_t most_others = 4096;
constexpr std::string_view highest_key = "highest", others_key = "others", more_word = "more";
constexpr std::chrono::minutes others_pause{10};
constexpr std::size_t traffic_counters = 4;  // bytes and packets
constexpr std::string_view mark_word = " mark", away_word = " away", born_word = " born ";
// After that a holder that does not know it is one that was begun anew, and must not count all of its past at once.
constexpr std::chrono::hours newborn{24};

/// Takes the word off the end of the text; false when it does not stand there.
bool take_off(std::string& text, std::string_view word) {
  if (!text.ends_with(word)) return false;
  text.resize(text.size() - word.size());
  return true;
}

}  // namespace

void LinkLives::open(std::string boot_id, std::string network_namespace) {
  boot_id_ = std::move(boot_id);
  namespace_ = std::move(network_namespace);
  for (const std::string& name : host_.state().keys()) {
    if (name.starts_with("totals/")) continue;  // link_totals.cpp
    const std::string value = host_.state().get(name).value_or("");
    const bool of_this_boot = !boot_id_.empty() && value.starts_with(origin());
    const std::string text = of_this_boot ? value.substr(origin().size()) : "";
    const auto index = parse_number<int>(std::string_view(name).substr(name.find('/') + 1));
    if (of_this_boot && name == highest_key)
      highest_ = parse_number<int>(text).value_or(0);
    else if (of_this_boot && name == others_key)
      read_others(text);
    else if (of_this_boot && index && *index > 0 && name == key(*index))
      read_note(*index, text);
    else
      host_.state().erase(name);
  }
  highest_before_ = highest_;
}

void LinkLives::read_note(int index, std::string text) {
  Note& note = notes_[index];
  note.generation = std::move(text);
  if (const std::size_t at = note.generation.rfind(born_word); at != std::string::npos) {
    note.born = parse_number<std::int64_t>(std::string_view(note.generation).substr(at + born_word.size())).value_or(0);
    note.generation.resize(at);
  }
  note.away = take_off(note.generation, away_word);
  note.mark = take_off(note.generation, mark_word);
}

void LinkLives::read_others(const std::string& text) {
  std::istringstream list(text);
  for (int index = 0; list >> index;) others_.insert(index);
  more_others_ = text.ends_with(more_word);
}

void LinkLives::close() {
  if (others_changed_) put_others();
  lives_.clear();
  notes_.clear();
  others_.clear();
  more_others_ = others_changed_ = false;
  others_due_ = {};
  highest_ = highest_before_ = 0;
}

/// The kernel counts indices up: one that is not higher than those that were ours was most likely another one's before.
void LinkLives::note_highest(int index) {
  if (boot_id_.empty() || index <= highest_) return;
  highest_ = index;
  host_.state().put(highest_key, concat(origin(), index));
}

/// One that goes is not worth a write: the next start finds that it is not there.
void LinkLives::set_other(int index, bool is_other) {
  if (!is_other) {
    others_.erase(index);
  } else if (others_.size() < most_others) {
    others_changed_ = others_.insert(index).second || others_changed_;
  } else if (!others_.contains(index)) {
    others_changed_ = others_changed_ || !more_others_;
    more_others_ = true;
  }
}

void LinkLives::put_others() {
  others_changed_ = false;
  if (boot_id_.empty()) return;
  std::string list = origin();
  for (const int each : others_) list += concat(each, ' ');
  host_.state().put(others_key, list + std::string(more_others_ ? more_word : ""));
}

void LinkLives::note_others() {
  const Timestamp now = host_.clock().now();
  if (!others_changed_ || (now < others_due_ && now + others_pause >= others_due_)) return;
  others_due_ = now + others_pause;
  put_others();
}

void LinkLives::begin(int index, Life life) {
  if (life.used) note_highest(index);
  if (life.given_again && life.watched) renew(index);
  if (life.mark_due && life.watched) remember(index, {note_of(index).generation, true, false});
  lives_[index] = life;
  set_other(index, !life.used);
}

void LinkLives::renew(int index) {
  // A random number, not a count: it is forgotten with the device, and must not come again with the next one.
  remember(index, {std::to_string(new_epoch()), false, false});
}

/// On disk before the samples of this step go on: after a kill it must be the same life, and what it carried while it
/// was not ours must not be counted, whether a holder has its mark by then or not.
void LinkLives::remember(int index, Note note) {
  if (boot_id_.empty() || note == note_of(index)) return;
  host_.state().put(key(index), concat(origin(), note.generation, note.mark ? mark_word : "",
                                       note.away ? away_word : "", note.born ? concat(born_word, note.born) : ""));
  host_.state().secure();
  notes_[index] = std::move(note);
}

LinkLives::Note LinkLives::note_of(int index) const {
  const auto note = notes_.find(index);
  return note == notes_.end() ? Note{} : note->second;
}

/// Until a holder has counted it: a kill may take the first samples with it.
void LinkLives::note_birth(int index) {
  Note note = note_of(index);
  note.born = std::chrono::floor<std::chrono::seconds>(host_.clock().now()).time_since_epoch().count();
  remember(index, std::move(note));
}

bool LinkLives::born_lately(const Note& note) const {
  const Duration age = host_.clock().now() - Timestamp(std::chrono::seconds(note.born));
  return note.born != 0 && !note.mark && !note.away && age < newborn;
}

void LinkLives::meet(int index, bool watched, bool used) {
  const Note note = note_of(index);
  // Where it went by another name when we looked last, what it carried by then is not ours.
  const bool known = used || notes_.contains(index), other = !known && (others_.contains(index) || more_others_);
  const bool ours = used || (watched && !other);
  begin(index, {.born = born_lately(note),
                .mark_due = note.mark,
                .watched = ours && !note.away,
                .used = ours || note.away,
                .given_again = !known && (other || index <= highest_before_)});
  rename(index, watched, false);
}

void LinkLives::appear(int index, bool watched, bool from_zero) {
  const bool given_again = index <= highest_;
  begin(index,
        {.born = from_zero, .mark_due = !from_zero, .watched = watched, .used = watched, .given_again = given_again});
  if (from_zero && watched) note_birth(index);
}

void LinkLives::rename(int index, bool watched, bool from_zero) {
  const auto found = lives_.find(index);
  if (found == lives_.end()) return;
  Life& life = found->second;
  const bool begins = watched && !life.watched;
  if (begins && !from_zero) {
    // What it carried meanwhile must not look like growth since it was ours the last time.
    if (life.used || life.given_again) renew(index);
    remember(index, {note_of(index).generation, true, false});
    life.mark_due = true;
    life.born = false;
  } else if (watched != life.watched && life.used) {
    Note note = note_of(index);
    note.away = !watched;
    remember(index, std::move(note));
  } else if (begins && life.born) {
    if (life.given_again) renew(index);
    note_birth(index);
  }
  life.watched = watched;
  life.used = life.used || watched;
  if (watched) note_highest(index);
  set_other(index, !life.used);
}

void LinkLives::restart(int index, bool from_zero) {
  renew(index);
  if (from_zero)
    note_birth(index);
  else
    remember(index, {note_of(index).generation, true, false});
  lives_[index] = {.born = from_zero, .mark_due = !from_zero, .watched = true, .used = true};
}

void LinkLives::end(int index) {
  lives_.erase(index);
  set_other(index, false);
  if (notes_.erase(index) > 0) host_.state().erase(key(index));
}

void LinkLives::keep_only(const std::set<int>& present) {
  std::set<int> gone;
  for (const auto& life : lives_) gone.insert(life.first);
  for (const auto& note : notes_) gone.insert(note.first);
  gone.insert(others_.begin(), others_.end());
  for (const int index : gone)
    if (!present.contains(index)) end(index);
}

std::uint64_t LinkLives::epoch(int index) const {
  if (boot_id_.empty()) return 0;
  const std::string number = std::to_string(index);
  const std::string generation = note_of(index).generation;
  if (generation.empty()) return make_epoch({"interface", host_.id(), boot_id_, namespace_, number});
  return make_epoch({"interface", host_.id(), boot_id_, namespace_, number, generation});
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
