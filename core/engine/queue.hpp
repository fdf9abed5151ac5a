#pragma once
// The queue between two threads: batches in, batches out, bounded in samples, never blocking the one that pushes. Over
// its bound it thins, and says what was given up; one that only recorded inputs fill keeps all, for they wait for room
// before they push.

#include <condition_variable>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <stop_token>

#include "engine/meter.hpp"
#include "engine/replay.hpp"
#include "engine/thinning.hpp"

namespace trafficd {

/// `B` is Batch (one owner, may be changed) or const Batch (shared between outputs). Any number of threads push, one
/// at a time takes, one may watch.
template <class B>
class SampleQueue {
 public:
  using Item = std::shared_ptr<B>;

  /// `on_loss` hears of samples that are lost altogether, on the thread that pushes, which should not wait there.
  SampleQueue(std::size_t limit, std::shared_ptr<InstanceMeter> meter, std::function<void(const Given&)> on_loss = {})
      : limit_(limit), meter_(std::move(meter)), on_loss_(std::move(on_loss)) {
    meter_->queue_limit = limit;
  }

  void push(Item item) { push(std::move(item), false); }
  /// Only if it has room; answers whether it had. For who can wait.
  bool try_push(Item item) { return push(std::move(item), true); }
  /// Whether so many samples more fit. An empty queue takes any batch: it is in memory anyway.
  bool has_room(std::size_t samples) const {
    const std::lock_guard lock(mutex_);
    return fits(samples);
  }

  /// For recordings: from now on `replay` is rung whenever something came or was taken. It must outlive the queue.
  void set_replay(Replay& replay) { replay_ = &replay; }
  /// Whether nothing is thinned: who pushes waits for room, but for the last that comes at a stop.
  void set_whole(bool whole) { whole_ = whole; }
  bool whole() const { return whole_; }

  /// From so many samples on the one that watches is woken; the greatest number: never.
  void set_alarm(std::size_t size) {
    bool alarm = false;
    {
      const std::lock_guard lock(mutex_);
      alarm_at_ = size;
      alarm = alarm_at_ <= size_;
    }
    if (alarm) alarmed_.notify_one();
  }

  /// For a second thread, that looks after the queue while the one that takes is away: sleeps until the alarm, the
  /// deadline (the greatest: for ever) or a stop.
  void watch(SteadyTime deadline, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto alarm = [&] { return size_ >= alarm_at_; };
    if (deadline == SteadyTime::max())
      alarmed_.wait(lock, stop, alarm);
    else
      alarmed_.wait_until(lock, stop, deadline, alarm);
  }

  /// Sleeps until there are `wanted` samples, or the deadline (none: for ever), or a stop. Answers how many there are.
  std::size_t wait(std::size_t wanted, std::optional<SteadyTime> deadline, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    waiting_below_ = wanted;
    const auto enough = [&] { return size_ >= wanted; };
    if (deadline)
      arrived_.wait_until(lock, stop, *deadline, enough);
    else
      arrived_.wait(lock, stop, enough);
    waiting_below_ = 0;
    return size_;
  }

  /// The same, but at most until `flush` says that no more is to be waited for.
  std::size_t gather(std::size_t wanted, SteadyTime deadline, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    waiting_below_ = wanted;
    arrived_.wait_until(lock, stop, deadline, [&] { return size_ >= wanted || flush_; });
    waiting_below_ = 0;
    return size_;
  }
  /// Who gathers takes what is there now, be it ever so little.
  void flush() {
    {
      const std::lock_guard lock(mutex_);
      flush_ = size_ > 0;
    }
    arrived_.notify_one();
  }

  /// The oldest batches, `most` samples or the first batch whatever its size; empty when there is nothing.
  std::vector<Item> take(std::size_t most) {
    std::unique_lock lock(mutex_);
    std::vector<Item> taken;
    std::size_t samples = 0;
    while (!items_.empty() && (taken.empty() || samples + items_.front()->size() <= most)) {
      samples += items_.front()->size();
      taken.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    size_ -= samples;
    flush_ = flush_ && size_ > 0;
    meter_->queue = size_;
    if (!taken.empty()) busy_ = true;
    lock.unlock();
    if (!taken.empty()) ring();
    return taken;
  }

  /// From who takes: all that was taken is done with.
  void rest() {
    const std::lock_guard lock(mutex_);
    busy_ = false;
  }
  /// Whether nothing waits, and all that was taken is done with.
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return size_ == 0 && !busy_;
  }

  /// Puts what was taken back to the front, in its order.
  void put_back(const std::vector<Item>& items) {
    Given lost;
    {
      const std::lock_guard lock(mutex_);
      for (const Item& item : items) size_ += item->size();
      items_.insert(items_.begin(), items.begin(), items.end());
      if (size_ > limit_ && !whole_) lost = shrink();
      meter_->queue = size_;
    }
    if (lost.samples > 0 && on_loss_) on_loss_(lost);
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }
  std::size_t limit() const { return limit_; }

 private:
  bool push(Item item, bool only_with_room) {
    if (item->empty()) return true;
    bool wake = false, alarm = false;
    Given lost;
    {
      const std::lock_guard lock(mutex_);
      if (only_with_room && !fits(item->size())) return false;
      meter_->samples_in.fetch_add(item->size(), std::memory_order_relaxed);
      wake = waiting_below_ > size_;
      alarm = alarm_at_ > size_;
      size_ += item->size();
      wake = wake && waiting_below_ <= size_;
      alarm = alarm && alarm_at_ <= size_;
      items_.push_back(std::move(item));
      // One batch is in memory anyway, however big: nothing of it needs to go.
      if (size_ > limit_ && items_.size() > 1 && !whole_) lost = shrink();
      meter_->queue = size_;
    }
    if (lost.samples > 0 && on_loss_) on_loss_(lost);
    if (wake) arrived_.notify_one();
    if (alarm) alarmed_.notify_one();
    ring();
    return true;
  }
  /// Called with the lock held. Of a queue that live pipelines fill as well, the other half is theirs: a recording that
  /// filled it would have it thinned at each of their ticks.
  bool fits(std::size_t samples) const { return size_ == 0 || size_ + samples <= (whole_ ? limit_ : limit_ / 2); }
  void ring() const {
    if (Replay* const replay = replay_) replay->ring();
  }
  /// Called with the lock held. Down to three quarters where thinning can, so that the next push does not thin again;
  /// what cannot be thinned goes only above the bound. Answers what was lost.
  Given shrink() {
    auto all = std::make_shared<Batch>();
    all->reserve(size_);
    for (const Item& item : items_) all->insert(all->end(), item->begin(), item->end());
    Given thinned, lost;
    thin(*all, limit_ - limit_ / 4, limit_, thinned, lost);
    meter_->lose("thinned", thinned.samples, thinned.first, thinned.last);
    meter_->lose("queue_full", lost.samples, lost.first, lost.last);
    size_ = all->size();
    items_.clear();
    items_.push_back(std::move(all));
    return lost;
  }

  const std::size_t limit_;
  const std::shared_ptr<InstanceMeter> meter_;
  const std::function<void(const Given&)> on_loss_;
  std::atomic<Replay*> replay_{nullptr};
  std::atomic<bool> whole_{false};
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable_any arrived_;
  std::deque<Item> items_;
  std::size_t size_ = 0;
  bool busy_ = false;              // something was taken, and is not done with yet
  std::size_t waiting_below_ = 0;  // the taker sleeps until there are so many; 0: it does not sleep
  bool flush_ = false;             // what is there waits for no more
  std::condition_variable_any alarmed_;
  std::size_t alarm_at_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace trafficd
