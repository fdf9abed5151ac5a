#pragma once
// What the daemon counts of itself: the standard numbers of every instance, kept by its runner without a line in the
// plugin, and the registry that the `self` input reads.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "trafficd/host.hpp"

namespace trafficd {

/// The reason of what is lost with an instance that hangs, when a reload does not wait for it.
inline constexpr const char* left_behind = "left_behind";

/// The numbers of one instance. Counting is wait-free but for losses; any thread.
class InstanceMeter final : public Meter {
 public:
  InstanceMeter(std::string instance, std::string role, std::string plugin);

  std::atomic<std::uint64_t> samples_in{0}, samples_out{0}, errors{0}, queue{0}, queue_limit{0};
  std::atomic<Duration::rep> last_duration{0};
  /// The count of the instance's live series, from zero: a successor's has nothing to do with those that its
  /// predecessor still holds. Shared with them, because they may outlive it.
  std::shared_ptr<std::atomic<std::int64_t>> fresh_series();

  /// Samples that were given up, with the reason and their stamps. `rejected` by the receiver is kept apart.
  void lose(const std::string& reason, std::uint64_t samples, Timestamp first, Timestamp last);
  void reject(const std::string& reason, std::uint64_t samples, Timestamp first, Timestamp last);

  std::atomic<std::uint64_t>& counter(std::string_view name) override;
  std::atomic<std::int64_t>& gauge(std::string_view name) override;

  SelfReading reading() const;
  bool is_of(std::string_view instance, std::string_view role, std::string_view plugin) const {
    return instance_ == instance && role_ == role && plugin_ == plugin;
  }

 private:
  void note(const std::string& reason, std::uint64_t samples, Timestamp first, Timestamp last);

  const std::string instance_, role_, plugin_;
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<std::atomic<std::int64_t>> series_;
  std::uint64_t dropped_ = 0, rejected_ = 0;
  std::map<std::string, SelfReading::Loss> losses_;
  std::map<std::string, std::atomic<std::uint64_t>, std::less<>> counters_;
  std::map<std::string, std::atomic<std::int64_t>, std::less<>> gauges_;
};

/// All living instances, in the order in which they were made. Any thread.
class MeterRegistry {
 public:
  /// The successor of a living instance counts on with its numbers.
  std::shared_ptr<InstanceMeter> add(std::string instance, std::string role, std::string plugin);
  std::vector<SelfReading> readings() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<InstanceMeter>> meters_;
};

}  // namespace trafficd
