// How a pipeline works whose inputs are recordings: nothing is lost for want of room, and its clock is the samples'.

#include <algorithm>

#include "engine/pipeline.hpp"

namespace trafficd {

void Pipeline::take_part(Replay& replay) {
  replay_ = &replay;
  queue_.set_replay(replay);
  queue_.set_whole(true);
}

/// From a stop on, too, until the queue is empty: what has ended by then has its last tick.
void Pipeline::serve_recorded(const std::stop_token& stop) {
  while (true) {
    const std::uint64_t seen = replay_->rings();
    // In this order: what an input gave last came before it left.
    const bool ended = turns_.all_ended();
    if (step()) continue;
    if (ended) return end_recording();
    if (stop.stop_requested()) return;
    replay_->wait(seen, stop);
  }
}

/// In pieces, so that each tick comes between the samples that are not later than it and those that are.
void Pipeline::run_in_time(Batch& batch) {
  if (!newest_ && !batch.empty())
    for (Part& part : parts_)
      if (part.data_ticker) part.data_ticker->begin(batch.front().time);
  auto begin = batch.begin();
  while (begin != batch.end()) {
    const Timestamp due = next_tick();
    const auto end = std::find_if(begin, batch.end(), [&](const Sample& sample) { return sample.time > due; });
    if (begin != end) {
      Batch piece(std::make_move_iterator(begin), std::make_move_iterator(end));
      const Timestamp latest = std::ranges::max(piece, {}, &Sample::time).time;
      newest_ = std::max(newest_.value_or(latest), latest);
      pass(piece);
    }
    begin = end;
    if (begin != batch.end()) tick_up_to(begin->time - Duration{1});
  }
}

Timestamp Pipeline::next_tick() const {
  Timestamp due = Timestamp::max();
  for (const Part& part : parts_)
    if (part.data_ticker) due = std::min(due, part.data_ticker->due());
  return due;
}

/// In the order of time; those of one time in the order of the stages.
void Pipeline::tick_up_to(Timestamp latest) {
  for (Timestamp due = next_tick(); due <= latest && due != Timestamp::max(); due = next_tick())
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      DataTicker* const ticker = parts_[i].data_ticker.get();
      if (!ticker || ticker->due() != due) continue;
      const std::uint64_t missed = ticker->missed();
      ticker->next(latest);
      if (ticker->missed() != missed)
        parts_[i].host->meter().counter("missed_ticks").fetch_add(ticker->missed() - missed, std::memory_order_relaxed);
      parts_[i].last_tick = due;
      tick_part(i, due);
    }
}

void Pipeline::end_recording() {
  if (!newest_) return;
  tick_up_to(*newest_);
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].data_ticker && parts_[i].last_tick != *newest_) tick_part(i, *newest_);
}

/// Nothing more comes from here: nobody need wait for it.
void Pipeline::flush_outputs() {
  const std::lock_guard lock(routes_mutex_);
  for (Route& route : routes_) route.queue().flush();
}

/// Takes what comes and counts it as lost: who replays must not wait for one that stands still.
void Pipeline::refuse(const std::stop_token& stop) {
  std::uint64_t lost = 0;
  while (!stop.stop_requested()) {
    const std::uint64_t seen = replay_->rings();
    const bool ended = turns_.all_ended();
    for (const auto& batch : queue_.take(SIZE_MAX)) {
      const Given each = given(*batch);
      meter_->lose("pipeline_stopped", each.samples, each.first, each.last);
      lost += each.samples;
    }
    if (ended) break;
    replay_->wait(seen, stop);
  }
  if (lost > 0) log_->error(concat(lost, " samples came while it stood still, and are lost (pipeline_stopped)"));
}

/// What goes to which output, in pieces of half its queue: then a spool, which takes what is above that, makes room.
std::vector<Pipeline::Parcel> Pipeline::parcels(const std::shared_ptr<const Batch>& batch) {
  std::vector<Parcel> all;
  for (Route& route : routes_) {
    const auto chosen = route.choose(batch);
    const std::size_t most = std::max<std::size_t>(route.queue().limit() / 2, 1);
    if (!chosen) continue;
    if (chosen->size() <= most) {
      all.push_back({route.to(), chosen});
      continue;
    }
    for (std::span<const Sample> rest = *chosen; !rest.empty(); rest = rest.subspan(std::min(most, rest.size()))) {
      const auto piece = rest.first(std::min(most, rest.size()));
      all.push_back({route.to(), std::make_shared<const Batch>(piece.begin(), piece.end())});
    }
  }
  return all;
}

/// Waits for room; from a stop on for nothing. Called with the lock held, and lets go of it while it waits: a reload
/// may change the ways meanwhile.
void Pipeline::send(const std::shared_ptr<const Batch>& batch, std::unique_lock<std::mutex> lock) {
  std::vector<Parcel> left = parcels(batch);
  while (!left.empty()) {
    const std::uint64_t seen = replay_->rings();
    if (hand_over(left)) continue;
    lock.unlock();
    replay_->wait(seen, stop_);
    lock.lock();
  }
}

/// All that there is room for now, in order for each output; whether that was any.
bool Pipeline::hand_over(std::vector<Parcel>& left) {
  std::vector<Parcel> kept;
  const auto waits = [&](const Parcel& parcel) {
    return std::ranges::find(kept, parcel.to, &Parcel::to) != kept.end();
  };
  for (Parcel& parcel : left) {
    const auto route = std::ranges::find(routes_, parcel.to, &Route::to);
    if (route == routes_.end()) continue;  // a reload took it away
    if (stop_.stop_requested())
      route->queue().push(std::move(parcel.batch));
    else if (waits(parcel) || !route->queue().try_push(parcel.batch))
      kept.push_back(std::move(parcel));
  }
  const bool any = kept.size() < left.size();
  left = std::move(kept);
  return any;
}

}  // namespace trafficd
