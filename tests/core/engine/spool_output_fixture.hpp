#pragma once
// An output runner with a spool and a receiver that the test plays.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/system_clock.hpp"
#include "engine_fixture.hpp"
#include "spool_fixture.hpp"

namespace trafficd::testing {

struct OutputFixture {
  EngineServices engine;
  std::filesystem::path folder = engine.folder.path() / "spool" / "out";
  OutputSettings settings = with_spool(SpoolSettings::Mode::on_failure);
  std::unique_ptr<OutputRunner> runner;
  std::vector<std::int64_t> got;  // by the receiver
  std::size_t largest = 0;
  int pushed = 0;

  ~OutputFixture() { script() = Script{}; }

  static OutputSettings with_spool(SpoolSettings::Mode mode) {
    OutputSettings made = output_settings(100, 1'000);
    made.spool.mode = mode;
    made.spool.max_size = ByteSize{1 << 20};
    return made;
  }
  void make() { make(engine.services); }
  void make(const Services& services) {
    runner.reset();
    runner = std::make_unique<OutputRunner>(services, settings, script_output(), [] {});
  }
  void push(int count) {
    static const SeriesPtr a = link("a");
    auto batch = std::make_shared<Batch>();
    for (int i = 0; i < count; ++i, ++pushed)
      batch->push_back(make_sample(a, pushed, static_cast<std::uint64_t>(pushed)));
    runner->queue().push(std::move(batch));
  }
  std::size_t take(std::span<const Sample> batch) {
    for (const Sample& sample : batch) got.push_back(sample.time.time_since_epoch() / std::chrono::seconds(1));
    largest = std::max(largest, batch.size());
    return batch.size();
  }
  void healthy() {
    script().write = [this](std::span<const Sample> batch) {
      take(batch);
      return WriteResult::all(batch);
    };
  }
  static void dead() {
    script().write = [](std::span<const Sample>) { return WriteResult::failed(Status::retry("dead")); };
  }
  /// Steps until everything is written.
  void drain() {
    for (int quiet = 0; quiet < 2;) {
      const std::size_t before = got.size();
      REQUIRE(runner->step().is_ok());
      quiet = got.size() == before ? quiet + 1 : 0;
    }
  }
  bool on_disk() const { return std::filesystem::exists(folder) && !std::filesystem::is_empty(folder); }
  /// What a daemon would find that started after a kill at this instant.
  std::vector<std::int64_t> on_disk_now() const {
    SpoolFixture other;
    if (std::filesystem::exists(folder)) std::filesystem::copy(folder, other.folder.path() / "copy");
    other.reopen(other.folder.path() / "copy");
    std::vector<std::int64_t> stamps;
    for (const Sample& sample : other.drain())
      stamps.push_back(sample.time.time_since_epoch() / std::chrono::seconds(1));
    return stamps;
  }
  SelfReading reading() const { return reading_of(engine.meters, "out"); }
};

inline std::vector<std::int64_t> numbers(int from, int to) {
  std::vector<std::int64_t> all;
  for (; from < to; ++from) all.push_back(from);
  return all;
}

/// Holds a thread where it is until the test lets it go.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::seconds(30), [this] { return open_; });
  }
  bool wait_until_reached() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [this] { return reached_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false, open_ = false;
};

}  // namespace trafficd::testing
