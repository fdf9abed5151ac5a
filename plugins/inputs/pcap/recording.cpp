#include "recording.hpp"

namespace trafficd::pcap_input {

namespace {

using namespace std::chrono_literals;

/// pcap's time, of which the fraction is in nanoseconds here.
Timestamp time_of(const timeval& time) {
  return Timestamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_usec));
}

/// The year 2242: nanoseconds of a signed number end soon after.
constexpr std::int64_t latest_second = std::int64_t{1} << 33;
// What is further beyond the packets before it may be damage as well as a pause.
constexpr Duration longest_leap = 24h;
/// Nobody waits so long for the second packet: the first one has the time of a clock that was not set, or a damaged
/// one.
constexpr Duration longest_start = 366 * 24h;

std::int64_t seconds_of(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

Recording::Recording(const Config& config, Host& host)
    : host_(host),
      observers_(config, host, "file"),
      capture_({.files = config.files,
                .filter = config.filter,
                .wait =
                    [this](int descriptor) {
                      const int one[] = {descriptor};
                      return host_.clock().wait(one, SteadyTime::max(), stop_) == Wake::readable;
                    }}),
      first_packet_(host.meter().gauge("first_packet")),
      last_packet_(host.meter().gauge("last_packet")),
      bad_times_(host.meter().counter("bad_times")),
      damaged_files_(host.meter().counter("damaged_files")),
      skipped_files_(host.meter().counter("skipped_files")),
      read_bytes_(host.meter().counter("read_bytes")) {}

Status Recording::run(std::stop_token stop, Emitter& emitter) {
  host_.meter().gauge("total_bytes") = static_cast<std::int64_t>(capture_.total_bytes());
  emitter_ = &emitter;
  stop_ = std::move(stop);
  using State = FileCapture::State;
  State state = State::more;
  while (state != State::ended && state != State::stopped && !stop_.stop_requested()) {
    state = capture_.read(on_packet, reinterpret_cast<u_char*>(this));
    if (state == State::begun) look_at_link();
    if (state == State::trouble) host_.log().warning(capture_.trouble());
    damaged_files_ = capture_.damaged_files();
    skipped_files_ = capture_.skipped_files();
    read_bytes_ = capture_.read_bytes();
  }
  // No packet came behind it.
  if (doubt_ && next_ == Timestamp{})
    reach(doubt_->stamp);
  else
    settle_doubt(false);
  if (state == State::ended) observers_.end();
  // Later than the last tick, also where the last packet came at its very moment.
  if (next_ != Timestamp{})
    tell(std::max(time_of(newest_), next_ - host_.interval() + 1ns));
  else if (observers_.packets() > 0)
    tell(host_.clock().now());  // no packet had a time
  return state == State::ended ? outcome() : Status::ok();
}

/// What could not be read is missing, whoever looks at the totals.
Status Recording::outcome() const {
  const std::uint64_t damaged = capture_.damaged_files(), skipped = capture_.skipped_files();
  if (damaged + skipped == 0) return Status::ok();
  return Status::fatal(concat("read to the end, but what ", damaged, " damaged and ", skipped,
                              " unreadable files held is missing in part or whole"));
}

void Recording::look_at_link() {
  // The capture refuses what is not supported.
  observers_.set_link(packet::link_of(capture_.datalink()).value());
}

void Recording::on_packet(u_char* user, const pcap_pkthdr* header, const u_char* bytes) {
  auto& self = *reinterpret_cast<Recording*>(user);
  timeval time = header->ts;
  // Without a sign, so that one comparison finds what is before as well as what is behind.
  if (static_cast<std::uint64_t>(time.tv_sec) - self.from_second_ >= self.seconds_) [[unlikely]]
    time = self.pass_time(time);
  self.newest_ = time;
  self.observers_.see(time.tv_sec, header->len, bytes, header->caplen);
}

/// The packet's time, where it can be one, else that of the packet before it.
timeval Recording::pass_time(timeval stamp) {
  // Damaged fractions may be of more than a second, and negative.
  if (stamp.tv_sec < 0 || stamp.tv_sec > latest_second || time_of(stamp) < Timestamp{}) {
    bad_times_.fetch_add(1, std::memory_order_relaxed);
    return newest_;
  }
  const Timestamp time = time_of(stamp);
  const std::uint64_t number = observers_.packets();
  settle_doubt(doubt_ && doubt_->number + 1 == number && confirms(time));
  const bool first = next_ == Timestamp{};
  if (first || time - time_of(newest_) > longest_leap || time_of(newest_) - time > longest_leap) {
    doubt_ = {stamp, number};
    seconds_ = 0;  // the next one is looked at, wherever it is
    return first ? stamp : newest_;
  }
  reach(stamp);
  return stamp;
}

/// Whether a packet that comes right behind the doubtful one is there too: not on the near side of a leap, and behind
/// the first stamp of all not years away.
bool Recording::confirms(Timestamp time) const {
  const Timestamp doubtful = time_of(doubt_->stamp);
  if (next_ == Timestamp{}) return time > doubtful - longest_leap && time < doubtful + longest_start;
  return doubtful > time_of(newest_) ? time > doubtful - longest_leap : time < doubtful + longest_leap;
}

/// One damaged stamp must not lead to where no other packet comes, for there is no way back. So a leap either way, and
/// the first stamp of all, is believed when the very next packet confirms it.
void Recording::settle_doubt(bool confirmed) {
  if (!doubt_) return;
  if (confirmed) {
    newest_ = doubt_->stamp;
    reach(newest_);
  } else {
    bad_times_.fetch_add(1, std::memory_order_relaxed);
  }
  doubt_.reset();
}

/// A packet was there at this time.
void Recording::reach(timeval stamp) {
  const bool first = next_ == Timestamp{};
  if (const Timestamp time = time_of(stamp); first || time >= next_) tick(time);
  const std::int64_t second = stamp.tv_sec;
  const std::int64_t from = first ? second : std::min<std::int64_t>(first_packet_, second);
  const std::int64_t to = first ? second : std::max<std::int64_t>(last_packet_, second);
  first_packet_ = from;
  last_packet_ = to;
  // A damaged fraction may be negative: then the tick may be before the packet's second.
  const std::int64_t end = std::max(from, std::min(seconds_of(next_), to + 1));
  from_second_ = static_cast<std::uint64_t>(from);
  seconds_ = static_cast<std::uint64_t>(end - from);
}

/// Says what was up to the tick that `time` has passed; nothing happened at those after it.
void Recording::tick(Timestamp time) {
  if (next_ != Timestamp{}) tell(next_);
  const Duration since = time.time_since_epoch();
  next_ = time - since % host_.interval() + host_.interval();
}

void Recording::tell(Timestamp time) {
  Batch batch;
  observers_.tell({}, time, batch);
  emitter_->emit(batch);
}

}  // namespace trafficd::pcap_input
