#include "engine/backlog.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/guard.hpp"

namespace trafficd {

namespace {

using namespace std::chrono_literals;
using Mode = SpoolSettings::Mode;
constexpr std::size_t no_mark = std::numeric_limits<std::size_t>::max();
// What takes no longer than this needs nobody to look after the queue meanwhile.
constexpr Duration patience = 200ms;
// Who replays can wait, and what is read from a disk need not go through another: this is for a write that hangs.
constexpr Duration replay_patience = 10s;

}  // namespace

Backlog::Backlog(const Services& services, const OutputSettings& settings, InstanceHost& host)
    : services_(services),
      settings_(settings),
      host_(host),
      queue_(settings.queue, host.numbers(), [this](const Given& lost) { overflow_.tell(lost); }),
      before_fetch_(no_mark),
      unstored_(host.own_log(), services.clock),
      lost_(host.own_log(), services.clock),
      backoff_(1s, 1min),
      overflow_(host.own_log(), services.clock,
                concat("give it a bigger 'queue'", settings.spool.mode == Mode::off ? " or a 'spool'" : "",
                       ", or mend the output")) {
  if (settings.spool.mode != Mode::off)
    spool_.emplace(services.state_folder / "spool" / settings.id, settings.spool, *host.numbers(), host.own_log(),
                   services.clock);
}

void Backlog::learn(const MeasurementPtr& measurement) {
  if (spool_) spool_->learn(measurement);
}

bool Backlog::pending() {
  const std::lock_guard lock(mutex_);
  return in_flight_ || (spool_ && !spool_->empty());
}

/// A queue that only stands for a moment, because much came at once, stays in memory.
bool Backlog::due(bool failing) {
  if (services_.clock.steady() < next_store_) return false;
  const std::size_t waiting = queue_.size();
  if (settings_.spool.mode == Mode::always) return waiting > 0 || (in_flight_ && !from_spool_);
  if (waits()) return waiting > settings_.queue / 2 && (failing || hangs());
  return waiting > settings_.queue / 2 && (failing || away_since_ || !spool_->empty() || waiting >= before_fetch_);
}

/// Whether who fills the queue waits for room.
bool Backlog::waits() const { return queue_.whole() && settings_.spool.mode != Mode::always; }

bool Backlog::hangs() const {
  return away_since_ && services_.clock.steady() >= *away_since_ + (waits() ? replay_patience : patience);
}

std::size_t Backlog::mark() {
  const std::lock_guard lock(mutex_);
  if (!spool_ || rescued_ || services_.clock.steady() < next_store_) return no_mark;
  return settings_.spool.mode == Mode::always ? 1 : settings_.queue / 2 + 1;
}

SteadyTime Backlog::turn() const {
  if (!spool_ || rescued_) return SteadyTime::max();
  const SteadyTime sync = spool_->sync_due().value_or(SteadyTime::max());
  return services_.clock.steady() < next_store_ ? std::min(sync, next_store_) : sync;
}

SteadyTime Backlog::next_turn() {
  const std::lock_guard lock(mutex_);
  return turn();
}

/// From which length of the queue on somebody must look after it while the output is away. What was there when it went
/// came at once, and may be gone soon.
std::size_t Backlog::alarm(bool failing) {
  if (rescued_) return no_mark;
  if (settings_.spool.mode == Mode::always) return 1;
  const std::size_t half = settings_.queue / 2 + 1;
  if (waits()) return half;
  return failing || !spool_->empty() ? half : std::max(half, queue_.size() + 1);
}

Backlog::Away::Away(Backlog& backlog, bool failing) : backlog_(backlog) {
  const std::lock_guard lock(backlog_.mutex_);
  if (!backlog_.spool_) return;
  backlog_.away_since_ = backlog_.services_.clock.steady();
  backlog_.failing_ = failing;
  backlog_.queue_.set_alarm(backlog_.alarm(failing));
}

Backlog::Away::~Away() {
  const std::lock_guard lock(backlog_.mutex_);
  backlog_.away_since_.reset();
  backlog_.queue_.set_alarm(no_mark);
}

/// Answers when it wants to be called again, if no alarm comes before.
SteadyTime Backlog::watch_over() {
  if (!away_since_) return SteadyTime::max();
  const SteadyTime enough = *away_since_ + (waits() ? replay_patience : patience);
  const std::size_t much = waits() ? no_mark : settings_.queue / 4 * 3 + 1;
  if (!hangs() && queue_.size() < much && !(waits() && failing_)) {
    queue_.set_alarm(much);
    return enough;
  }
  tend(failing_);
  queue_.set_alarm(services_.clock.steady() < next_store_ ? no_mark : alarm(true));
  return turn();
}

void Backlog::watch(const std::stop_token& stop) {
  SteadyTime next = SteadyTime::max();
  while (queue_.watch(next, stop), !stop.stop_requested()) {
    const std::lock_guard lock(mutex_);
    next = watch_over();
  }
}

void Backlog::keep_up(bool failing) {
  const std::lock_guard lock(mutex_);
  tend(failing);
}

void Backlog::tend(bool failing) {
  if (!spool_ || rescued_) return;
  // First, so that what is stored now and written in the next moment never bothers the disk.
  if (spool_->sync_due() && *spool_->sync_due() <= services_.clock.steady()) spool_->sync();
  const bool storing = due(failing);
  // One that delivers makes room by itself, and soon.
  if (!storing && !(failing && services_.clock.steady() >= next_store_ && spool_->over_cap())) return;
  if (const Status status = storing ? store() : shrink(); status) {
    unstored_.resolve("the spool takes samples again");
    backoff_.reset();
  } else {
    unstored_.complain(Level::warning, concat(status.message(), "; until then samples wait in memory"));
    next_store_ = services_.clock.steady() + backoff_.next();
  }
}

/// What is in flight and on disk is read again, unless the output has it in its hands: false.
bool Backlog::let_go() {
  if (in_flight_ && away_since_) return false;
  if (from_spool_) in_flight_.reset();
  return true;
}

Status Backlog::shrink() {
  const bool held = !let_go();
  return guarded([&] { return spool_->shrink(held); });
}

Status Backlog::store() {
  const bool held = !let_go();
  const bool flight = in_flight_ && !from_spool_;
  std::vector<Item> items = queue_.take(no_mark);
  const std::size_t skip = flight ? done_ : 0;
  if (flight) items.insert(items.begin(), in_flight_);
  if (items.empty()) return Status::ok();
  Spool::Appended appended;
  const Status thrown = guarded([&] {
    appended = spool_->append(items, skip, held);
    return Status::ok();
  });
  if (!thrown) appended.status = thrown;
  keep_rest(std::move(items), skip + appended.samples, flight);
  return appended.status;
}

/// Takes the first `stored` samples of the items out of memory and leaves the rest where it was. `flight`: the first of
/// the items is the one in flight.
void Backlog::keep_rest(std::vector<Item> items, std::size_t stored, bool flight) {
  if (flight && stored == done_) {
    items.erase(items.begin());
    stored = 0;
  } else if (flight) {
    // A part is on disk now: the rest must wait behind it.
    from_spool_ = read_again_ = true;
    if (!away_since_) in_flight_.reset();
  }
  auto item = items.begin();
  for (; item != items.end() && (*item)->size() <= stored; ++item) stored -= (*item)->size();
  if (item == items.end()) return;
  if (stored > 0)
    *item = std::make_shared<Batch>((*item)->begin() + static_cast<std::ptrdiff_t>(stored), (*item)->end());
  items.erase(items.begin(), item);
  queue_.put_back(items);
}

Status Backlog::fetch() {
  done_ = 0;
  from_spool_ = read_again_ = false;
  if (spool_) {
    auto oldest = spool_->front(settings_.batch_size);
    if (!oldest) return Status::retry(oldest.error());
    from_spool_ = !(*oldest)->empty();
    if (from_spool_) in_flight_ = std::move(*oldest);
    if (from_spool_) return Status::ok();
  }
  before_fetch_ = queue_.size();
  std::vector<Item> taken = queue_.take(settings_.batch_size);
  if (queue_.size() == 0) before_fetch_ = no_mark;
  if (taken.empty()) return Status::ok();
  if (taken.size() == 1) {
    in_flight_ = std::move(taken.front());
  } else {
    auto joined = std::make_shared<Batch>();
    for (const Item& batch : taken) joined->insert(joined->end(), batch->begin(), batch->end());
    in_flight_ = std::move(joined);
  }
  return Status::ok();
}

Result<Backlog::Offer> Backlog::next(bool failing) {
  const std::lock_guard lock(mutex_);
  if (rescued_) return Error{"this output has been left behind"};
  tend(failing);
  if (!in_flight_)
    if (const Status status = fetch(); !status) return Error{status.message()};
  if (!in_flight_) return Offer{};
  const std::span<const Sample> rest = std::span(*in_flight_).subspan(done_);
  return Offer{in_flight_, rest.first(std::min<std::size_t>(rest.size(), settings_.batch_size))};
}

void Backlog::done(std::size_t written) {
  const std::lock_guard lock(mutex_);
  if (!in_flight_) return;
  if (from_spool_) spool_->advance(written);
  done_ += written;
  if (read_again_ || done_ == in_flight_->size()) in_flight_.reset();
}

void Backlog::lose(const std::string& reason) {
  Given lost;
  if (in_flight_ && !from_spool_) lost.add(given(std::span(*in_flight_).subspan(done_)));
  in_flight_.reset();
  for (const Item& batch : queue_.take(no_mark)) lost.add(given(*batch));
  if (lost.samples == 0) return;
  host_.numbers()->lose(reason, lost.samples, lost.first, lost.last);
  const std::string message = concat(lost.samples, " samples could not be written (", reason, ")");
  // The last word of an output is always said, however often it complained before.
  if (reason == "stop")
    host_.own_log().error(message);
  else
    lost_.complain(Level::error, message);
}

void Backlog::give_up(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  lose(reason);
}

bool Backlog::keep_all() {
  const std::lock_guard lock(mutex_);
  return spool_ && !rescued_ && store() && queue_.size() == 0;
}

void Backlog::end() {
  if (spool_) {
    const Status status = store();
    spool_->sync();
    if (!status) host_.own_log().error(status.message());
    if (!spool_->empty())
      host_.own_log().info(
          concat(human_bytes(static_cast<double>(spool_->bytes())), " wait on disk for the next start"));
  }
  lose("stop");
}

void Backlog::finish() {
  const std::lock_guard lock(mutex_);
  if (!rescued_) end();
}

void Backlog::hurry(SteadyTime deadline) {
  if (spool_) spool_->hurry(deadline);
}

std::vector<Backlog::Item> Backlog::hand_over(bool to_disk) {
  hurry({});
  const std::lock_guard lock(mutex_);
  if (std::exchange(rescued_, true)) return {};
  if (spool_ && to_disk) {
    if (const Status status = store(); !status) host_.own_log().warning(status.message());
    spool_->sync();
  }
  if (spool_ && !to_disk && !spool_->empty())
    host_.own_log().warning(concat(human_bytes(static_cast<double>(spool_->bytes())),
                                   " wait on disk, and are delivered when this output has a spool again"));
  std::vector<Item> left = queue_.take(no_mark);
  if (in_flight_ && !from_spool_)
    left.insert(left.begin(),
                std::make_shared<Batch>(in_flight_->begin() + static_cast<std::ptrdiff_t>(done_), in_flight_->end()));
  in_flight_.reset();
  return left;
}

void Backlog::rescue() {
  hurry({});
  const std::lock_guard lock(mutex_);
  if (std::exchange(rescued_, true)) return;
  end();
}

}  // namespace trafficd
