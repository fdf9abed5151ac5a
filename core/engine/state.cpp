#include "engine/state.hpp"

#include <chrono>

#include "history/database.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {
constexpr std::int64_t schema_version = 1;
}

struct StateStore::File {
  explicit File(const std::filesystem::path& path) : database(path), version(database.value("PRAGMA user_version")) {
    if (version > schema_version)
      throw DatabaseError(DatabaseError::Kind::other, concat(path, ": was written by a newer trafficd (version ",
                                                             version, "); install that one, or move the file away"));
  }
  /// Whether there is anything to read. What is only read must not need a disk that can be written.
  bool ready() const { return version == schema_version; }
  void prepare() {
    if (ready()) return;
    Transaction transaction(database);
    database.exec(
        "CREATE TABLE IF NOT EXISTS state("
        "instance TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(instance, key)) WITHOUT ROWID");
    database.exec(concat("PRAGMA user_version = ", schema_version));
    transaction.commit();
    version = schema_version;
  }
  Database database;
  std::int64_t version;
};

StateStore::StateStore(std::filesystem::path file, Logger& log, std::function<void()> changed)
    : path_(std::move(file)), log_(log), changed_(std::move(changed)) {}

StateStore::~StateStore() {
  if (file_) file_->database.settle();
}

std::unique_ptr<InstanceState> StateStore::instance(std::string name) {
  return std::make_unique<InstanceState>(*this, std::move(name));
}

/// Does what needs the file; where the file is damaged, once more with a fresh one.
template <class Work>
void StateStore::with_file(const Work& work) {
  try {
    if (!file_) file_ = std::make_unique<File>(path_);
    work();
  } catch (const DatabaseError& e) {
    if (e.kind() != DatabaseError::Kind::damaged) throw;
    begin_anew();
    work();
  }
}

/// What can still be read of the damaged file waits for the next checkpoint.
void StateStore::begin_anew() {
  std::size_t rescued = 0;
  try {
    if (!file_) file_ = std::make_unique<File>(path_);
    Statement all(file_->database, "SELECT instance, key, value FROM state");
    while (all.step())
      rescued +=
          writing_[std::string(all.bytes(0))].try_emplace(std::string(all.bytes(1)), all.bytes(2)).second ? 1 : 0;
  } catch (const DatabaseError&) {
    // From here on it is damaged.
  }
  file_.reset();
  const auto now = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  const auto aside = set_aside(path_, now);
  log_.error(concat("the state in ", path_, " is damaged and was set aside as ", aside, "; ", rescued,
                    " values could still be read; where others are missing, plugins begin anew, and totals that they "
                    "carried on start from zero"));
  file_ = std::make_unique<File>(path_);
}

std::map<std::string, std::string, std::less<>> StateStore::load(const std::string& instance) {
  const std::lock_guard file_lock(file_mutex_);
  std::map<std::string, std::string, std::less<>> values;
  // Who only asks makes no file.
  if (file_ || std::filesystem::exists(path_))
    with_file([&] {
      values.clear();
      if (!file_->ready()) return;
      Statement select(file_->database, "SELECT key, value FROM state WHERE instance = ?1");
      select.bind(1, std::string_view(instance));
      while (select.step()) values.emplace(select.bytes(0), select.bytes(1));
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

void StateStore::finish_step(const std::string& instance, Values& values) {
  const std::lock_guard lock(mutex_);
  if (finished_.empty() && changed_) changed_();
  Values& all = finished_[instance];
  for (auto& [key, value] : values) all[key] = std::move(value);
  values.clear();
}

Status StateStore::checkpoint() {
  // Two locks: no instance waits for the disk at the end of its step. What is being written is seen by `load`
  // meanwhile.
  const std::lock_guard file_lock(file_mutex_);
  {
    const std::lock_guard lock(mutex_);
    // What was rescued from a damaged file may wait there already.
    for (auto& [instance, values] : finished_)
      for (auto& [key, value] : values) writing_[instance].insert_or_assign(key, std::move(value));
    finished_.clear();
    if (writing_.empty()) return Status::ok();
  }
  try {
    with_file([this] { write(); });
    const std::lock_guard lock(mutex_);
    writing_.clear();
    return Status::ok();
  } catch (const std::exception& e) {
    // The newer values win over those that could not be written; both come with the next checkpoint.
    const std::lock_guard lock(mutex_);
    for (auto& [instance, values] : writing_) finished_[instance].insert(values.begin(), values.end());
    writing_.clear();
    return Status::retry(concat("cannot save the state of the plugins: ", e.what()));
  }
}

void StateStore::write() {
  file_->prepare();
  Transaction transaction(file_->database);
  Statement put(file_->database, "INSERT OR REPLACE INTO state(instance, key, value) VALUES(?1, ?2, ?3)");
  Statement erase(file_->database, "DELETE FROM state WHERE instance = ?1 AND key = ?2");
  for (const auto& [instance, values] : writing_)
    for (const auto& [key, value] : values) {
      Statement& change = value ? put : erase;
      change.bind(1, std::string_view(instance)).bind(2, std::string_view(key));
      if (value) change.bind_blob(3, *value);
      change.run();
    }
  transaction.commit();
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

void InstanceState::end_step() {
  if (!step_.empty()) store_.finish_step(name_, step_);
}

}  // namespace trafficd
