#pragma once
// The durable queue of one output: what it could not write yet, in segment files below the state folder. Bounded in
// bytes, also after a restart; over its bound it thins. Nothing is made on disk before the first append. README.md
// tells the layout.

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "engine/settings.hpp"
#include "engine/spool/thinner.hpp"

namespace trafficd {

/// One thread at a time; `hurry` any thread.
class Spool {
 public:
  using Item = std::shared_ptr<const Batch>;

  Spool(std::filesystem::path folder, const SpoolSettings& settings, InstanceMeter& meter, Logger& log, Clock& clock);

  /// A measurement as it is declared, for what is read back.
  void learn(const MeasurementPtr& measurement) { lines_.learn(measurement); }

  /// Whether there is nothing to deliver, as far as one can tell without reading files. The first call looks into the
  /// folder.
  bool empty();
  std::uint64_t bytes() const { return segments_.bytes(); }

  struct Appended {
    std::size_t samples = 0;  ///< from the first on; the rest is not in the spool
    Status status = Status::ok();
  };
  /// Adds the samples of the batches, oldest first, but for the first `skip` ones. They outlive a kill as soon as this
  /// returns, and a power cut as soon as `sync` has been called. What `front` gave last is void afterwards, but for
  /// `held`: then `advance` goes on with that, or, where the spool was empty, with the first of these samples.
  Appended append(std::span<const Item> items, std::size_t skip = 0, bool held = false);

  /// More than `max_size`, because that was more before the start.
  bool over_cap() { return !empty() && bytes() > settings_.max_size.bytes; }
  /// Thins what is over the cap; `held` as above.
  Status shrink(bool held);

  /// The oldest samples, as many blocks as it takes for `most`; empty when there are none. Fails when reading may work
  /// later.
  Result<Item> front(std::size_t most);
  /// The first `samples` of what `front` gave are delivered.
  void advance(std::size_t samples);

  /// When `sync` is due: a second after the last one, when there was an append since and it was not delivered yet.
  std::optional<SteadyTime> sync_due() const { return sync_due_; }
  void sync();

  /// From now on only as much is thinned as must be, and from `deadline` on nothing: the oldest segments go instead.
  void hurry(SteadyTime deadline) { deadline_ = deadline.time_since_epoch().count(); }

 private:
  /// A block that `front` gave.
  struct Reading {
    std::uint64_t offset = 0, end = 0;
    std::size_t samples = 0;  // not yet delivered
    std::size_t unreadable = 0;
    spool::BlockInfo info;
  };
  /// The last append, when it went into an empty spool: what of it lies in the first segment need not be read back.
  struct Fresh {
    std::vector<Item> items;
    std::size_t skip = 0;
    std::deque<Reading> blocks;
  };
  class Writing;

  Status open();
  std::uint64_t limit() const;
  Status make_room(std::uint64_t more);
  void drop_oldest();
  void read_blocks(std::string_view bytes, std::size_t most, Batch& batch);
  bool expired(const spool::BlockInfo& block) const;
  void pass_over(const spool::Piece& piece, std::uint64_t offset);
  Item take_fresh();
  void finish_block(const Reading& block);
  void mark_done(std::uint64_t offset);
  void finish_segment();

  const SpoolSettings settings_;
  Clock& clock_;
  Logger& log_;
  const spool::Sizes sizes_;
  spool::Segments segments_;
  spool::LineReader lines_;
  spool::Losses losses_;
  spool::Thinner thinner_;
  std::atomic<std::int64_t>& bytes_gauge_;
  Complaint unusable_, unsynced_, stuck_, unmarked_;
  bool opened_ = false;
  spool::Position position_;
  std::deque<Reading> reading_;
  Given expired_;  // and not yet told
  std::optional<Fresh> fresh_;
  bool held_ = false;      // what is being read must not be thinned
  bool reshaped_ = false;  // by the append that is going on: offsets that were known are void
  std::optional<SteadyTime> sync_due_;
  SteadyTime last_sync_{};
  std::atomic<SteadyTime::rep> deadline_{SteadyTime::max().time_since_epoch().count()};
};

}  // namespace trafficd
