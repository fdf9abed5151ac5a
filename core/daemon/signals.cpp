#include "daemon/signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace trafficd {

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  fatal_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  changed_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  ended_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals_ < 0 || fatal_ < 0 || changed_ < 0 || ended_ < 0)
    throw std::system_error(errno, std::generic_category(), "signalfd");
}

Signals::~Signals() {
  close(signals_);
  close(fatal_);
  close(changed_);
  close(ended_);
}

Signals::Event Signals::wait(int timeout_ms) {
  pollfd fds[] = {
      {signals_, POLLIN, 0}, {fatal_, POLLIN, 0}, {changed_, POLLIN, 0}, {asked_, POLLIN, 0}, {ended_, POLLIN, 0}};
  if (poll(fds, 5, timeout_ms) <= 0) return Event::none;
  eventfd_t count = 0;
  if (fds[1].revents != 0 && eventfd_read(fatal_, &count) == 0) return Event::fatal;
  signalfd_siginfo info{};
  if (fds[0].revents != 0 && read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
    return info.ssi_signo == SIGHUP ? Event::reload : Event::stop;
  if (fds[2].revents != 0 && eventfd_read(changed_, &count) == 0) return Event::changed;
  if (fds[4].revents != 0 && eventfd_read(ended_, &count) == 0) return Event::ended;
  return fds[3].revents != 0 ? Event::asked : Event::none;
}

bool Signals::stop_waits() {
  sigset_t waiting;
  return sigpending(&waiting) == 0 && (sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1);
}

void Signals::raise_changed() const { eventfd_write(changed_, 1); }

void Signals::raise_ended() const { eventfd_write(ended_, 1); }

void Signals::raise_fatal() const { eventfd_write(fatal_, 1); }

}  // namespace trafficd
