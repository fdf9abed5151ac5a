#include "daemon/reading_watch.hpp"

#include <unistd.h>

#include <csignal>

namespace trafficd::replay {

Watch::Watch(Progress& progress) : progress_(progress) {
  // Whoever started us in the background, or to live on without a terminal, has these ignored; waited for, they would
  // count.
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction given {};
    if (sigaction(signal, nullptr, &given) != 0 || given.sa_handler != SIG_IGN) continue;
    sigset_t ignored;
    sigemptyset(&ignored);
    sigaddset(&ignored, signal);
    pthread_sigmask(SIG_UNBLOCK, &ignored, nullptr);
  }
}

Watch::~Watch() {
  if (!thread_.joinable()) return;
  signals_.raise_ended();
  thread_.join();
}

void Watch::begin(std::function<void()> draw) {
  thread_ = std::thread([this, draw = std::move(draw)] { watch(draw); });
}

void Watch::watch(const std::function<void()>& draw) {
  constexpr int pause_ms = 200;
  while (true) {
    const bool draws = progress_.wanted() && !stop_.stop_requested();
    switch (signals_.wait(draws ? pause_ms : -1)) {
      case Signals::Event::stop:
      case Signals::Event::reload:
        if (stop_.request_stop()) break;
        progress_.end();
        _exit(stopped_by_signal);
      case Signals::Event::ended: return;
      case Signals::Event::none:
        if (draws) draw();
        break;
      default: break;
    }
  }
}

bool Watch::end_reading() {
  progress_.end();
  return !stop_.request_stop();
}

}  // namespace trafficd::replay
