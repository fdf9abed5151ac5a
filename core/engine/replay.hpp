#pragma once
// What recorded inputs and their pipelines wait for: room in front of them, their turn, the end.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>

#include "trafficd/sample.hpp"

namespace trafficd {

/// One for all that replays: rung whenever something changed that one of them may wait for. Who waits reads `rings`,
/// looks whether it can go on, and sleeps until there was another ring. Any thread.
class Replay {
 public:
  void ring();
  std::uint64_t rings() const;
  /// Sleeps until it was rung more than `seen` times, or a stop.
  void wait(std::uint64_t seen, const std::stop_token& stop);

  /// Called, from any thread, whenever a recorded input or its pipeline has ended. Before anything starts only.
  void on_end(std::function<void()> tell) { tell_ = std::move(tell); }
  void ended();

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any rung_;
  std::uint64_t rings_ = 0;
  std::function<void()> tell_ = [] {};
};

/// The recorded inputs of one pipeline that have not ended. They take turns by the time of their samples, so several
/// recordings give the same result on any day. Any thread.
class Turns {
 public:
  using Source = const void*;
  /// `rank` decides between equal times, and is the same in all pipelines, or two inputs of two of them would wait for
  /// each other; `next` is the time of what it is about to give, when that is known.
  void join(Source source, std::size_t rank, std::optional<Timestamp> next);
  /// Because it has ended, or for another reason: a stop, a reload. Then this is not the end of the pipeline.
  void leave(Source source, bool ended);
  /// What it gives next has this time; nothing: it still reads, and the others wait for it.
  void announce(Source source, std::optional<Timestamp> next);
  bool is_next(Source source) const;
  bool all_ended() const;

 private:
  struct Entry {
    std::size_t rank = 0;
    std::optional<Timestamp> next;
  };
  mutable std::mutex mutex_;
  std::map<Source, Entry> sources_;
  bool torn_ = false;  // one left before its end
};

/// Aligned ticks in the time of the samples. One thread.
class DataTicker {
 public:
  explicit DataTicker(Duration every) : every_(every) {}
  /// When the next tick is due; Timestamp::max() as long as no sample came.
  Timestamp due() const { return due_; }
  void begin(Timestamp first);
  /// After the tick that was due, where samples go on after `latest`. In a gap of more than `most` ticks only the first
  /// and the last are done.
  void next(Timestamp latest);
  std::uint64_t missed() const { return missed_; }

  static constexpr std::uint64_t most = 10'000;

 private:
  Duration every_;
  Timestamp due_ = Timestamp::max();
  std::uint64_t missed_ = 0;
};

}  // namespace trafficd
