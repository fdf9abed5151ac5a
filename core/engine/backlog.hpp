#pragma once
// What one output has still to write, oldest first: the batch in flight, the spool on disk, and the queue in memory
// behind it. It decides what goes to disk and when, and loses nothing uncounted.

#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "engine/instance_host.hpp"
#include "engine/overflow.hpp"
#include "engine/queue.hpp"
#include "engine/spool/spool.hpp"
#include "trafficd/wait.hpp"

namespace trafficd {

/// The output's thread, but for what says otherwise. The lock is never held while the plugin's code runs.
class Backlog {
 public:
  Backlog(const Services& services, const OutputSettings& settings, InstanceHost& host);

  /// Any thread.
  SampleQueue<const Batch>& queue() { return queue_; }
  const SampleQueue<const Batch>& queue() const { return queue_; }
  /// A measurement as it is declared, for what is read back from disk. Before the thread starts.
  void learn(const MeasurementPtr& measurement);
  bool has_spool() const { return spool_.has_value(); }

  /// What is to be written next, at most `batch_size`; no samples when there is nothing. The handle keeps them.
  struct Offer {
    std::shared_ptr<const Batch> batch;
    std::span<const Sample> samples;
  };
  /// `failing`: the last try to write did not succeed.
  Result<Offer> next(bool failing);
  /// The first `written` samples of what `next` gave are done.
  void done(std::size_t written);

  /// As long as it lives the output's thread is in the plugin's code, for who knows how long.
  class Away {
   public:
    Away(Backlog& backlog, bool failing);
    ~Away();
    Away(const Away&) = delete;
    Away& operator=(const Away&) = delete;

   private:
    Backlog& backlog_;
  };
  /// The loop of a second thread: brings to disk what should be there while the first is away. Sleeps when nothing is
  /// to be done.
  void watch(const std::stop_token& stop);

  /// Whether there is something beside the queue.
  bool pending();
  /// Brings to disk what should be there by now. To be called whenever the thread is free.
  void keep_up(bool failing);
  /// When `keep_up` has something to do: at this length of the queue, and at this time.
  std::size_t mark();
  SteadyTime next_turn();

  /// Whether all that is left is on disk now, and may wait there for the next start.
  bool keep_all();
  /// The end: what is left goes to disk, or is counted as lost. It is no longer thinned from `deadline` on.
  void finish();
  /// Counts all as lost that is not on disk.
  void give_up(const std::string& reason);
  /// Any thread: from `deadline` on nothing may take long.
  void hurry(SteadyTime deadline);
  /// Any thread, while the output hangs: all goes to disk now, and nothing is given out any more. What the output had
  /// in its hands may be delivered twice.
  void rescue();
  /// The end, where a successor goes on: what is left in memory goes to disk, unless that is not to be or fails, and
  /// then is answered, oldest first. Any thread, also while the output hangs: nothing is given out any more, and what
  /// it had in its hands may be delivered twice.
  using Item = std::shared_ptr<const Batch>;
  std::vector<Item> hand_over(bool to_disk);
  /// What the predecessor left, before anything else.
  void take_over(const std::vector<Item>& items) {
    queue_.put_back(items);
    // It has waited long enough.
    queue_.flush();
  }

 private:
  // With the lock held.
  bool due(bool failing);
  bool waits() const;
  bool hangs() const;
  std::size_t alarm(bool failing);
  SteadyTime watch_over();
  SteadyTime turn() const;
  void tend(bool failing);
  Status fetch();
  bool let_go();
  Status store();
  Status shrink();
  void keep_rest(std::vector<Item> items, std::size_t stored, bool flight);
  void end();
  void lose(const std::string& reason);

  const Services& services_;
  const OutputSettings& settings_;
  InstanceHost& host_;
  SampleQueue<const Batch> queue_;
  std::mutex mutex_;  // guards all below
  std::optional<Spool> spool_;
  // Taken and not yet written: `in_flight_` from `done_` on. What comes from the spool is on disk until it is written.
  Item in_flight_;
  std::size_t done_ = 0;
  bool from_spool_ = false;
  bool read_again_ = false;  // it came from memory and went to disk while the output had it in its hands
  std::optional<SteadyTime> away_since_;
  bool failing_ = false;      // when it went
  std::size_t before_fetch_;  // the queue's length then; the greatest number when it was empty afterwards
  bool rescued_ = false;
  Complaint unstored_, lost_;
  Backoff backoff_;
  SteadyTime next_store_{};
  Overflow overflow_;
};

}  // namespace trafficd
