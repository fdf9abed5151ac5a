#include "engine/state.hpp"

#include <chrono>

#include "engine/state_file.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

StateStore::StateStore(std::filesystem::path file, Logger& log, std::function<void()> changed)
    : path_(std::move(file)), log_(log), changed_(std::move(changed)) {}

StateStore::~StateStore() {
  if (file_) file_->settle();
}

std::unique_ptr<InstanceState> StateStore::instance(std::string name) {
  return std::make_unique<InstanceState>(*this, std::move(name));
}

Status StateStore::open() {
  const std::lock_guard file_lock(file_mutex_);
  if (!std::filesystem::exists(path_)) return Status::ok();
  try {
    const StateFile file(path_);
  } catch (const StateFile::MadeByNewer& e) {
    return Status::fatal(e.what());
  } catch (const DatabaseError&) {
    return Status::ok();  // met again, and told, by who needs it
  }
  return Status::ok();
}

void StateStore::open_file() {
  if (file_) return;
  auto file = std::make_unique<StateFile>(path_);
  file->verify();
  file_ = std::move(file);
}

/// Does what needs the file; where the file is damaged, once more with a fresh one.
template <class Work>
void StateStore::with_file(const Work& work) {
  try {
    open_file();
    work();
  } catch (const DatabaseError& e) {
    if (e.kind() != DatabaseError::Kind::damaged) throw;
    begin_anew();
    work();
  }
}

/// What can still be read of the damaged file goes into a fresh one.
void StateStore::begin_anew() {
  std::size_t rescued = 0;
  file_.reset();
  try {
    StateFile damaged(path_, true);
    Statement all = damaged.select();
    while (all.step())
      if (damaged.whole(all) && !StateFile::is_inventory(all) &&
          writing_[std::string(all.bytes(0))].try_emplace(std::string(all.bytes(1)), all.bytes(2)).second)
        ++rescued;
  } catch (const DatabaseError&) {
    // From here on it is damaged.
  }
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const auto aside = set_aside(path_, now);
  log_.error(concat("the state in ", path_, " is damaged and was set aside as ", aside, "; ", rescued,
                    " values could still be read; where others are missing, plugins begin anew, and totals that they "
                    "carried on start from zero"));
  file_ = std::make_unique<StateFile>(path_);
  try {
    file_->write(writing_);
    writing_.clear();
  } catch (const DatabaseError&) {
    if (changed_) changed_();  // it waits in memory, for the next checkpoint
  }
}

std::map<std::string, std::string, std::less<>> StateStore::load(const std::string& instance) {
  const std::lock_guard file_lock(file_mutex_);
  std::map<std::string, std::string, std::less<>> values;
  // Who only asks makes no file.
  if (file_ || std::filesystem::exists(path_))
    with_file([&] {
      values.clear();
      if (!file_->ready()) return;
      Statement select = file_->select(" WHERE instance = ?1");
      select.bind(1, std::string_view(instance));
      while (select.step()) values.emplace(select.bytes(1), select.bytes(2));
    });
  const std::lock_guard lock(mutex_);
  for (const auto* waiting : {&writing_, &finished_})
    if (const auto found = waiting->find(instance); found != waiting->end())
      for (const auto& [key, value] : found->second) {
        if (value)
          values[key] = *value;
        else
          values.erase(key);
      }
  return values;
}

void StateStore::finish_step(std::span<InstanceState* const> instances) {
  bool secure = false;
  {
    const std::lock_guard lock(mutex_);
    for (InstanceState* instance : instances) {
      const bool wanted = std::exchange(instance->secure_, false);
      if (instance->step_.empty()) continue;
      if (finished_.empty() && changed_) changed_();
      Values& all = finished_[instance->name_];
      for (auto& [key, value] : instance->step_) all[key] = std::move(value);
      instance->step_.clear();
      secure = secure || wanted;
    }
  }
  if (secure && !failing_) static_cast<void>(checkpoint());
}

Status StateStore::checkpoint(bool patient) {
  // Two locks: no instance waits for the disk at the end of its step. What is being written is seen by `load`
  // meanwhile.
  std::unique_lock file_lock(file_mutex_, std::defer_lock);
  if (patient) file_lock.lock();
  if (!patient && !file_lock.try_lock()) {
    if (changed_) changed_();  // somebody is at it; what came meanwhile is for the next time
    return Status::ok();
  }
  {
    const std::lock_guard lock(mutex_);
    // What was rescued from a damaged file may wait there already.
    for (auto& [instance, values] : finished_)
      for (auto& [key, value] : values) writing_[instance].insert_or_assign(key, std::move(value));
    finished_.clear();
    if (writing_.empty()) return Status::ok();
  }
  try {
    with_file([this] { file_->write(writing_); });
    const std::lock_guard lock(mutex_);
    writing_.clear();
    failing_ = false;
    return Status::ok();
  } catch (const std::exception& e) {
    // The newer values win over those that could not be written; both come with the next checkpoint.
    const std::lock_guard lock(mutex_);
    for (auto& [instance, values] : writing_) finished_[instance].insert(values.begin(), values.end());
    writing_.clear();
    failing_ = true;
    if (changed_) changed_();
    return Status::retry(concat("cannot save the state of the plugins: ", e.what()));
  }
}

std::map<std::string, std::string, std::less<>>& InstanceState::values() const {
  if (!values_) values_ = store_.load(name_);
  return *values_;
}

std::optional<std::string> InstanceState::get(std::string_view key) const {
  const auto found = values().find(key);
  return found == values().end() ? std::nullopt : std::optional(found->second);
}

void InstanceState::put(std::string_view key, std::string bytes) {
  step_.insert_or_assign(std::string(key), bytes);
  values().insert_or_assign(std::string(key), std::move(bytes));
}

void InstanceState::erase(std::string_view key) {
  step_.insert_or_assign(std::string(key), std::nullopt);
  if (const auto found = values().find(key); found != values().end()) values().erase(found);
}

std::vector<std::string> InstanceState::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : values()) keys.push_back(key);
  return keys;
}

}  // namespace trafficd
