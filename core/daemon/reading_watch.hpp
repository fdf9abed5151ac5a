#pragma once
// What goes on beside the reading: signals are heard, and the line that tells how far it is is drawn.

#include <functional>
#include <stop_token>
#include <thread>

#include "daemon/replay/progress.hpp"
#include "daemon/signals.hpp"

namespace trafficd::replay {

/// The first signal ends the reading, so that what was read is shown; one more, or one that comes while it is shown,
/// ends the process. Made before any thread; the main thread.
class Watch {
 public:
  explicit Watch(Progress& progress);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  std::stop_token stop() const { return stop_.get_token(); }
  /// `draw` is called at a leisurely pace from another thread; it must not throw.
  void begin(std::function<void()> draw);
  /// The reading has ended: whether a signal did that.
  bool end_reading();

  /// As a shell tells of what a signal ended.
  static constexpr int stopped_by_signal = 130;

 private:
  void watch(const std::function<void()>& draw);

  Progress& progress_;
  Signals signals_;
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace trafficd::replay
