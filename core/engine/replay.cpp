#include "engine/replay.hpp"

#include <algorithm>
#include <utility>

namespace trafficd {

void Replay::ring() {
  {
    const std::lock_guard lock(mutex_);
    ++rings_;
  }
  rung_.notify_all();
}

std::uint64_t Replay::rings() const {
  const std::lock_guard lock(mutex_);
  return rings_;
}

void Replay::wait(std::uint64_t seen, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  rung_.wait(lock, stop, [&] { return rings_ > seen; });
}

void Replay::ended() {
  ring();
  tell_();
}

void Turns::join(Source source, std::size_t rank, std::optional<Timestamp> next) {
  const std::lock_guard lock(mutex_);
  sources_[source] = {rank, next};
}

void Turns::leave(Source source, bool ended) {
  const std::lock_guard lock(mutex_);
  if (sources_.erase(source) > 0 && !ended) torn_ = true;
}

void Turns::announce(Source source, std::optional<Timestamp> next) {
  const std::lock_guard lock(mutex_);
  sources_[source].next = next;
}

bool Turns::is_next(Source source) const {
  const std::lock_guard lock(mutex_);
  const Entry& own = sources_.at(source);
  return std::ranges::all_of(sources_, [&](const auto& each) {
    const Entry& other = each.second;
    return other.next && std::pair(*own.next, own.rank) <= std::pair(*other.next, other.rank);
  });
}

bool Turns::all_ended() const {
  const std::lock_guard lock(mutex_);
  return sources_.empty() && !torn_;
}

namespace {

/// Without overflow, however far they are apart.
std::uint64_t between(Timestamp from, Timestamp to) {
  return static_cast<std::uint64_t>(to.time_since_epoch().count()) -
         static_cast<std::uint64_t>(from.time_since_epoch().count());
}

}  // namespace

void DataTicker::begin(Timestamp first) {
  const Duration into = first.time_since_epoch() % every_;
  // The remainder has the sign of the time.
  const Duration rest = into > Duration::zero() ? every_ - into : -into;
  due_ = between(first, Timestamp::max()) < static_cast<std::uint64_t>(rest.count()) ? Timestamp::max() : first + rest;
}

void DataTicker::next(Timestamp latest) {
  const auto every = static_cast<std::uint64_t>(every_.count());
  if (between(due_, Timestamp::max()) < every) {
    due_ = Timestamp::max();
    return;
  }
  due_ += every_;
  if (due_ > latest) return;
  const std::uint64_t more = between(due_, latest) / every;
  if (more < most) return;
  // The step itself may be more than a signed number holds; where it leads is not.
  const auto due = static_cast<std::uint64_t>(due_.time_since_epoch().count()) + more * every;
  due_ = Timestamp(Duration(static_cast<Duration::rep>(due)));
  missed_ += more;
}

}  // namespace trafficd
