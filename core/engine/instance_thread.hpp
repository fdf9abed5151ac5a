#pragma once
// The thread of one instance, and what became of it.

#include <atomic>
#include <string_view>
#include <thread>

#include "trafficd/wait.hpp"

namespace trafficd {

class InstanceThread {
 public:
  /// What no call into a plugin should take.
  static constexpr Duration long_call = std::chrono::minutes(1);

  /// `work` gets the stop token. Throws std::system_error where the system gives no thread; then it has failed.
  template <class Work>
  void start(Work work) {
    ended_ = false;
    try {
      thread_ = std::jthread([this, work](const std::stop_token& stop) {
        work(stop);
        ended_ = true;
      });
    } catch (...) {
      ended_ = failed_ = true;
      throw;
    }
    begun_ = true;
  }
  void request_stop() { thread_.request_stop(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  /// From the thread: the instance ended for good, though nobody asked for it. What takes its samples may go on.
  void fail() { failed_ = true; }

  bool joinable() const { return thread_.joinable(); }
  bool begun() const { return begun_; }
  bool ended() const { return ended_; }
  bool failed() const { return failed_; }
  /// For people: `runs`, `failed`, `ended` when its source did, or `hangs` in a call that goes on for longer than any
  /// should.
  std::string_view condition(SteadyTime now, Duration longest) const {
    const SteadyTime since = call_since_;
    return failed_ ? "failed" : ended_ ? "ended" : since != SteadyTime() && now - since > longest ? "hangs" : "runs";
  }

  /// A call into a plugin that is to come back.
  class Call {
   public:
    Call(InstanceThread& thread, SteadyTime now) : thread_(thread) { thread_.call_since_ = now; }
    ~Call() { thread_.call_since_ = SteadyTime(); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    InstanceThread& thread_;
  };

 private:
  std::atomic<bool> ended_{true}, failed_{false};
  std::atomic<SteadyTime> call_since_{SteadyTime()};
  bool begun_ = false;  // the starter's
  std::jthread thread_;
};

}  // namespace trafficd
