#pragma once
// The durable small values of all instances, in one file: whole steps only, one transaction a checkpoint.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "trafficd/host.hpp"

namespace trafficd {

class InstanceState;

/// The file is opened when the first value is asked for, so a configuration without state never makes it.
class StateStore {
 public:
  /// `changed` is called from an instance's thread, with a lock held, when there is something to write again; so who
  /// makes the checkpoints need not look for it.
  StateStore(std::filesystem::path file, Logger& log, std::function<void()> changed = {});
  ~StateStore();

  std::unique_ptr<InstanceState> instance(std::string name);

  /// Writes all finished steps in one transaction. Any thread; fails without losing what was to be written.
  Status checkpoint();

 private:
  friend class InstanceState;
  struct File;
  using Values = std::map<std::string, std::optional<std::string>, std::less<>>;  // nothing: erased

  // With the file's lock held.
  template <class Work>
  void with_file(const Work& work);
  void begin_anew();
  void write();
  std::map<std::string, std::string, std::less<>> load(const std::string& instance);
  void finish_step(const std::string& instance, Values& values);

  const std::filesystem::path path_;
  Logger& log_;
  const std::function<void()> changed_;
  std::mutex file_mutex_;  // guards the file and what is on its way there; taken before mutex_
  std::unique_ptr<File> file_;
  std::map<std::string, Values> writing_;  // guarded by the file's lock
  std::mutex mutex_;                       // guards what waits
  std::map<std::string, Values> finished_;
};

/// One instance's part. The instance's thread.
class InstanceState final : public State {
 public:
  InstanceState(StateStore& store, std::string name) : store_(store), name_(std::move(name)) {}
  std::optional<std::string> get(std::string_view key) const override;
  void put(std::string_view key, std::string bytes) override;
  void erase(std::string_view key) override;
  std::vector<std::string> keys() const override;

  void end_step();

 private:
  std::map<std::string, std::string, std::less<>>& values() const;

  StateStore& store_;
  const std::string name_;
  mutable std::optional<std::map<std::string, std::string, std::less<>>> values_;  // read when first asked for
  StateStore::Values step_;
};

}  // namespace trafficd
