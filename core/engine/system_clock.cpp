#include "engine/system_clock.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace trafficd {

namespace {

/// Turns a stop request into something that poll sees. One a thread, kept for its life.
class StopDescriptor {
 public:
  StopDescriptor() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~StopDescriptor() { close(fd_); }
  StopDescriptor(const StopDescriptor&) = delete;
  StopDescriptor& operator=(const StopDescriptor&) = delete;
  int fd() const { return fd_; }
  void raise() const { eventfd_write(fd_, 1); }
  void lower() const {
    eventfd_t value;
    eventfd_read(fd_, &value);
  }

 private:
  int fd_;
};

}  // namespace

Timestamp SystemClock::now() const { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }

SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

Wake SystemClock::wait(std::span<const int> fds, SteadyTime deadline, const std::stop_token& stop) {
  if (stop.stop_requested()) return Wake::stop;
  static thread_local const StopDescriptor stopper;
  stopper.lower();
  const std::stop_callback callback(stop, [](const StopDescriptor* s) { return [s] { s->raise(); }; }(&stopper));

  std::vector<pollfd> polled{{stopper.fd(), POLLIN, 0}};
  for (int fd : fds) polled.push_back({fd, POLLIN, 0});
  while (true) {
    const Duration left = std::max(deadline - steady(), Duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec timeout{seconds.count(), (left - seconds).count()};
    const int ready = ppoll(polled.data(), polled.size(), &timeout, nullptr);
    if (stop.stop_requested()) return Wake::stop;
    if (ready > 0) return Wake::readable;
    if (ready == 0 && steady() >= deadline) return Wake::deadline;
    if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "ppoll");
  }
}

}  // namespace trafficd
