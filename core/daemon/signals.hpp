#pragma once
// Signals as something the main thread waits for, and an event that any thread may raise.

namespace trafficd {

/// Blocks SIGINT, SIGTERM and SIGHUP in this thread and all that it starts; so it is made before any thread.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  enum class Event { none, stop, reload, fatal };
  /// Sleeps until a signal, a call of `raise_fatal` or the time-out in milliseconds.
  Event wait(int timeout_ms);
  /// From any thread: an instance takes the daemon with it.
  void raise_fatal() const;

 private:
  int signals_ = -1, fatal_ = -1;
};

}  // namespace trafficd
