#include "session.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace trafficd::exec {

namespace {

// More than a pipe can hold: who still writes then is none of the program's group any more.
constexpr int most_reads_after_end = 32;
// Of one that is asked to end: more is no last word, and would only fill our memory.
constexpr std::uint64_t most_last_lines = 10'000;

}  // namespace

/// What stands in the pipe; nothing at its end, or where there is nothing yet.
std::string_view Session::read(int fd, bool& closed) {
  const ssize_t got = ::read(fd, buffer_.data(), buffer_.size());
  closed = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
  return {buffer_.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

bool Session::read_output(Batch& out) {
  if (child_.out() < 0) return false;
  bool closed = false;
  const std::string_view bytes = read(child_.out(), closed);
  if (closed) child_.close_out();
  feed_.take_output(bytes, time_.value_or(host_.clock().now()), out);
  return !bytes.empty();
}

void Session::read_errors() {
  if (child_.err() < 0) return;
  bool closed = false;
  const std::string_view bytes = read(child_.err(), closed);
  if (closed) child_.close_err();
  feed_.take_errors(bytes);
}

bool Session::take(Batch& out) {
  // Asked before reading: what a program that has ended had written is in the pipe by then.
  const bool ended = child_.has_ended();
  read_errors();
  const bool more = read_output(out);
  return !ended || (more && ++reads_after_end_ < most_reads_after_end);
}

void Session::ask_to_end(Duration patience, Batch& out) {
  child_.signal(SIGTERM);
  const Patience until(patience);
  const std::uint64_t before = feed_.work();
  while (until.wait(descriptors())) {
    const bool ended = child_.has_ended();
    read_errors();
    read_output(out);
    if (ended || feed_.work() - before > most_last_lines) return;
  }
}

std::string Session::end(Duration patience, Batch& out) {
  if (!child_.has_ended()) ask_to_end(patience, out);
  const std::string how = child_.reap();
  while (read_output(out) && ++reads_after_end_ < most_reads_after_end) {
  }
  read_errors();
  feed_.end(child_.ended_well(), time_.value_or(host_.clock().now()), out);
  const std::string& words = feed_.last_words();
  return concat("ended ", how, words.empty() ? "" : concat("; its last words: '", words, '\''));
}

Patience::Patience(Duration most) : timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  itimerspec spec{};
  spec.it_value = {seconds.count(), (most - seconds).count()};
  if (most <= Duration::zero()) spec.it_value.tv_nsec = 1;  // zero would disarm it
  if (timer_.get() < 0 || ::timerfd_settime(timer_.get(), 0, &spec, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), "timerfd");
}

bool Patience::wait(std::span<const int> fds) const {
  std::vector<pollfd> polled{{timer_.get(), POLLIN, 0}};
  for (const int fd : fds) polled.push_back({fd, POLLIN, 0});
  while (::poll(polled.data(), polled.size(), -1) < 0)
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  return polled[0].revents == 0;
}

}  // namespace trafficd::exec
