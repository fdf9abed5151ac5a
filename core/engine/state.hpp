#pragma once
// The durable small values of all instances, in one file: whole steps only, one transaction a checkpoint.

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "trafficd/host.hpp"

namespace trafficd {

class StateFile;
class InstanceState;

/// The file is opened when the first value is asked for, so a configuration without state never makes it.
class StateStore {
 public:
  /// `changed` is called from an instance's thread, with a lock held, when there is something to write again; so who
  /// makes the checkpoints need not look for it.
  StateStore(std::filesystem::path file, Logger& log, std::function<void()> changed = {});
  ~StateStore();

  std::unique_ptr<InstanceState> instance(std::string name);

  /// Whether the file, where there is one, is for us: fatal when a newer trafficd wrote it. What else is wrong with it
  /// is met, and told, when it is used.
  Status open();

  /// Writes all finished steps in one transaction. Any thread; a failure loses nothing of what was to be written: the
  /// next one takes it along. Where `patient` is false, ok also when another thread is just writing, perhaps for long.
  Status checkpoint(bool patient = true);
  /// The end of one step of these instances together: what they put becomes part of the next checkpoint. That is made
  /// now where one of them wants it `secure`, unless the last one failed: then nobody waits for the disk, and the
  /// periodic one, which is also who complains, tries on.
  void finish_step(std::span<InstanceState* const> instances);

 private:
  friend class InstanceState;
  using Values = std::map<std::string, std::optional<std::string>, std::less<>>;  // nothing: erased

  // With the file's lock held.
  template <class Work>
  void with_file(const Work& work);
  void open_file();
  void begin_anew();
  std::map<std::string, std::string, std::less<>> load(const std::string& instance);

  const std::filesystem::path path_;
  Logger& log_;
  const std::function<void()> changed_;
  std::mutex file_mutex_;  // guards the file and what is on its way there; taken before mutex_
  std::unique_ptr<StateFile> file_;
  std::map<std::string, Values> writing_;  // guarded by the file's lock
  std::mutex mutex_;                       // guards what waits
  std::map<std::string, Values> finished_;
  std::atomic<bool> failing_{false};
};

/// One instance's part. The instance's thread.
class InstanceState final : public State {
 public:
  InstanceState(StateStore& store, std::string name) : store_(store), name_(std::move(name)) {}
  std::optional<std::string> get(std::string_view key) const override;
  void put(std::string_view key, std::string bytes) override;
  void erase(std::string_view key) override;
  std::vector<std::string> keys() const override;
  void secure() override { secure_ = true; }

 private:
  friend class StateStore;
  std::map<std::string, std::string, std::less<>>& values() const;

  StateStore& store_;
  const std::string name_;
  mutable std::optional<std::map<std::string, std::string, std::less<>>> values_;  // read when first asked for
  StateStore::Values step_;
  bool secure_ = false;
};

}  // namespace trafficd
