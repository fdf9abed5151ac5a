#pragma once
// Whether what an instance does still counts. A reload that leaves a hanging one behind cuts it off, so that nothing of
// it comes into its successor's way when it wakes.

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

namespace trafficd {

class Tether {
 public:
  /// Any thread. What is just being done counts still and is waited for, but no longer than a moment: it may hang too.
  void cut() {
    cut_ = true;
    for (int looks = 0; looks < 100; ++looks) {
      if (const std::unique_lock lock(mutex_, std::try_to_lock); lock) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  bool is_cut() const { return cut_; }
  /// Does `work`, unless it is cut off.
  template <class Work>
  void unless_cut(Work&& work) {
    const std::lock_guard lock(mutex_);
    if (!cut_) work();
  }

 private:
  std::mutex mutex_;  // held while something is done that counts
  std::atomic<bool> cut_{false};
};

}  // namespace trafficd
