#pragma once
// The constructor of a plugin is a stranger's code and may never return, and so is its destructor. So they are called
// by threads of their own, and whoever waits for them does so for a while only.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "trafficd/wait.hpp"

namespace trafficd {

/// Whether there is no time any more.
using StopWanted = std::function<bool()>;

/// Something that is being made. Any thread.
class Making {
 public:
  explicit Making(std::string id) : id_(std::move(id)) {}
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;
  virtual ~Making() = default;

  const std::string& id() const { return id_; }
  bool ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }
  /// What it uses, and may use as long as it has not ended.
  void keep(std::shared_ptr<void> used) {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(used));
  }

 protected:
  /// False when it has not ended in time, or a stop is wanted; then nobody will ask for it any more.
  bool wait(Duration patience, const StopWanted& stop_wanted) {
    constexpr Duration look_every = std::chrono::milliseconds(100);
    const auto until = std::chrono::steady_clock::now() + patience;
    std::unique_lock lock(mutex_);
    do {
      const Duration left = until - std::chrono::steady_clock::now();
      if (changed_.wait_for(lock, std::min(left, look_every), [this] { return back_; })) return true;
    } while (std::chrono::steady_clock::now() < until && !stop_wanted());
    left_ = true;
    return false;
  }
  /// From its thread: it has come back. `forget` is called when nobody wants it any more.
  void come_back(const std::function<void()>& forget) {
    {
      const std::lock_guard lock(mutex_);
      back_ = true;
      changed_.notify_all();
      if (!left_) ended_ = true;
    }
    if (ended()) return;
    forget();
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }

 private:
  const std::string id_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool back_ = false, left_ = false, ended_ = false;
  std::vector<std::shared_ptr<void>> kept_;
};

/// What `make` answers or throws, or nothing when it does not come back in time, or a stop is wanted; then it is `left`
/// behind. It must own what it uses, or that must be kept for it. Where the system gives no thread it is waited for,
/// however long.
template <class Make>
auto make_within(Duration patience, const StopWanted& stop_wanted, std::string id, Make make,
                 std::shared_ptr<Making>& left) {
  using Made = std::invoke_result_t<Make&>;
  struct Work final : Making {
    Work(std::string id, Make make) : Making(std::move(id)), make_(std::move(make)) {}
    void run() {
      try {
        made_ = make_();
      } catch (...) {
        thrown_ = std::current_exception();
      }
      come_back([this] {
        made_.reset();
        thrown_ = nullptr;
      });
    }
    bool in_time(Duration patience, const StopWanted& stop_wanted) { return wait(patience, stop_wanted); }
    std::optional<Made> take() {
      if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
      return std::move(made_);
    }

   private:
    Make make_;
    std::optional<Made> made_;
    std::exception_ptr thrown_;
  };
  const auto work = std::make_shared<Work>(std::move(id), std::move(make));
  try {
    std::thread([work] { work->run(); }).detach();
  } catch (const std::system_error&) {
    work->run();
  }
  if (work->in_time(patience, stop_wanted)) return work->take();
  left = work;
  return std::optional<Made>();
}

}  // namespace trafficd
