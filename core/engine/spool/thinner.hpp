#pragma once
// Makes a full spool smaller by time: the samples of a series are left further and further apart, the oldest furthest.
// It works in bounded memory, a segment at a time, and may be left at any point: what is half done is gone on with or
// begun again.

#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/spool/lines.hpp"
#include "engine/spool/losses.hpp"
#include "engine/spool/segments.hpp"
#include "engine/thinning.hpp"

namespace trafficd::spool {

/// Up to where the oldest segment is delivered: the block that is not yet done, and how many of its samples are.
struct Position {
  std::uint64_t offset = 0;
  std::size_t delivered = 0;
};

/// How big the parts of a spool are.
struct Sizes {
  std::uint64_t segment = 0, block = 0;
};

/// A run is a row of segments of one grain. It is looked through once, oldest first, to learn where each life begins
/// and pauses; then it is written anew, newest first, so that the samples of a life are left a wider grain apart. What
/// must not go: see `stays`. One thread.
class Thinner {
 public:
  Thinner(Segments& segments, LineReader& lines, Losses& losses, Sizes sizes)
      : segments_(segments), lines_(lines), losses_(losses), sizes_(sizes) {}

  /// Looks through or writes one segment. False: nothing can be thinned any more. `position` is set back when the
  /// oldest segment was written anew, without what was delivered of it; `keep_oldest`: it stays as it is.
  Result<bool> step(Position& position, bool keep_oldest);
  /// Writes what is only in memory so far. Comes after the last of a row of steps: until the next one the segments may
  /// be read and delivered.
  Status settle(Position& position);
  /// Forgets what is half done.
  void abandon();

 private:
  /// What is known of a life of the run.
  struct Trace {
    std::uint64_t first_segment = 0;
    Timestamp time;  // of the last sample on the way
    // On the way to the newest: where that is, and the last one that this grain would keep.
    std::uint64_t segment = 0;
    Timestamp kept;
    Timestamp kept_at_widest;  // the same for the widest grain
    bool after_pause = false;
    std::vector<std::uint64_t> pauses;  // the segments that begin, for this life, behind a long pause
    // On the way back: the last one that stays.
    std::optional<Timestamp> newer;
  };
  struct Run {
    std::uint64_t oldest = 0, newest = 0;  // by the numbers of segments
    Duration grain{};
    bool known = false;      // looked through
    std::uint64_t next = 0;  // the number that the next segment lies behind (looking) or before (writing)
    std::size_t samples = 0, going = 0, going_at_widest = 0;
  };
  /// The new content of a row of segments, not yet written.
  struct Unit {
    std::uint64_t oldest = 0, newest = 0;
    std::string blocks;
    Given thinned;
  };
  class Rewriting;
  /// What a segment holds, and since when.
  struct Loaded {
    Batch samples;
    std::vector<Timestamp> since;
  };

  bool choose(std::size_t begin);
  std::optional<std::size_t> next_segment(std::size_t begin) const;
  Result<Loaded> load(std::size_t index, const Position& position, bool last_time);
  void look_through(const Segment& segment, const Batch& samples);
  void end_look();
  void pass_over_run();
  Status write(const Segment& segment, Loaded& loaded, Position& position);

  Segments& segments_;
  LineReader& lines_;
  Losses& losses_;
  const Sizes sizes_;
  std::optional<Run> run_;
  std::unordered_map<Life, Trace, LifeHash> lives_;  // of the run
  Unit unit_;
  std::uint64_t exhausted_ = 0;  // up to this number nothing more can be thinned at the widest grain
};

}  // namespace trafficd::spool
