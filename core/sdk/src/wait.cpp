#include "trafficd/wait.hpp"

#include <algorithm>
#include <random>

namespace trafficd {

Ticker::Ticker(Clock& clock, Duration interval) : clock_(clock), interval_(std::max(interval, Duration{1})) {}

SteadyTime Ticker::next() {
  const SteadyTime now = clock_.steady();
  const Duration into = clock_.now().time_since_epoch() % interval_;
  SteadyTime next = now + (interval_ - into);
  // The wall clock runs a little apart from the steady one: a deadline just behind the last one is the same tick again.
  if (last_ != SteadyTime{} && next < last_ + interval_ / 2) next += interval_;
  if (last_ != SteadyTime{} && next > last_ + interval_ + interval_ / 2)
    missed_ += static_cast<std::uint64_t>((next - last_ - interval_ / 2) / interval_);
  last_ = next;
  return next;
}

Duration Backoff::next() {
  current_ = current_ == Duration::zero() ? first_ : std::min(current_ * 2, most_);
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto tenth = std::max<Duration::rep>(current_.count() / 10, 1);
  return current_ - Duration(static_cast<Duration::rep>(random()) % tenth);
}

}  // namespace trafficd
