// A tracker as bytes: 8 each, low byte first. Version and flags; lives as epoch, time and totals; what is held.

#include <algorithm>

#include "trafficd/counter.hpp"

namespace trafficd {

namespace {

constexpr std::uint64_t version = 1, known_flag = 0x100, held_flag = 0x200, waits_flag = 0x400;

void append(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(number >> shift));
}
void append(std::string& out, Timestamp time) {
  append(out, static_cast<std::uint64_t>(time.time_since_epoch().count()));
}
void append(std::string& out, const std::vector<std::uint64_t>& totals) {
  for (const std::uint64_t total : totals) append(out, total);
}

/// Takes numbers off the front; `ok` is false once there were too few.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  std::uint64_t number() {
    ok = ok && rest.size() >= 8;
    if (!ok) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<unsigned char>(rest[i])} << (8 * i);
    rest.remove_prefix(8);
    return value;
  }
  Timestamp time() { return Timestamp{Duration{static_cast<std::int64_t>(number())}}; }
  std::vector<std::uint64_t> totals(std::size_t count) {
    ok = ok && rest.size() / 8 >= count;
    std::vector<std::uint64_t> all(ok ? count : 0);
    std::generate(all.begin(), all.end(), [this] { return number(); });
    return all;
  }
};

}  // namespace

std::string CounterTracker::to_bytes(std::size_t lives) const {
  const std::size_t count = std::min(lives, lives_.size());
  const bool waits = held_ && !held_->totals.empty();
  std::string out;
  append(out, version | (known_ ? known_flag : 0) | (held_ ? held_flag : 0) | (waits ? waits_flag : 0));
  append(out, count);
  for (std::size_t i = lives_.size() - count; i < lives_.size(); ++i) {
    append(out, lives_[i].epoch);
    append(out, lives_[i].time);
    append(out, lives_[i].totals);
  }
  if (held_) {
    append(out, held_->begun);
    append(out, held_->time);
    append(out, held_->seen);
    append(out, held_->totals);
  }
  return out;
}

bool CounterTracker::from_bytes(std::string_view bytes, std::size_t counters) {
  Cursor in{bytes};
  const std::uint64_t head = in.number(), count = in.number();
  if ((head & 0xff) != version || count > lives_kept) return false;
  CounterTracker read;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t epoch = in.number();
    const Timestamp time = in.time();
    read.restore(Baseline{epoch, time, in.totals(counters)});
  }
  if ((head & held_flag) != 0) {
    const Timestamp begun = in.time(), time = in.time(), seen = in.time();
    read.restore(Held{begun, time, seen, in.totals((head & waits_flag) != 0 ? counters : 0)});
  }
  read.known_ = (head & known_flag) != 0;
  if (!in.ok || !in.rest.empty()) return false;
  *this = std::move(read);
  return true;
}

}  // namespace trafficd
