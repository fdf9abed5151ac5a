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

  enum class Event { none, stop, reload, fatal, changed, asked, ended };
  /// Sleeps until a signal, an event or the time-out in milliseconds; -1: without one.
  Event wait(int timeout_ms);
  /// Whether a signal to stop waits to be taken.
  static bool stop_waits();
  /// Answers `asked` when this descriptor is readable.
  void listen_to(int descriptor) { asked_ = descriptor; }
  /// From any thread: an instance takes the daemon with it.
  void raise_fatal() const;
  /// From any thread: there is state to be written.
  void raise_changed() const;
  /// From any thread: a recording has ended.
  void raise_ended() const;

 private:
  int signals_ = -1, fatal_ = -1, changed_ = -1, ended_ = -1;
  int asked_ = -1;  // not ours
};

}  // namespace trafficd
