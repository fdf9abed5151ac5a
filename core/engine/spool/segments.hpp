#pragma once
// The segment files of one spool: which there are, how big they are, and the few things that are done with them. Every
// change leaves the folder so that a kill at any instant costs nothing.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trafficd/status.hpp"

namespace trafficd::spool {

/// A file `<first>-<last>.seg`: the numbers of the appended segments whose samples it holds.
struct Segment {
  std::uint64_t first = 0, last = 0;
  std::uint64_t size = 0;
  std::optional<Duration> grain;    ///< of its blocks; read when first asked for
  mutable bool unreadable = false;  ///< the disk failed to give its bytes: not to be deleted
};

/// One thread.
class Segments {
 public:
  /// A segment is closed when the next append would make it bigger than `segment_size`.
  Segments(std::filesystem::path folder, std::uint64_t segment_size);
  ~Segments();
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;

  /// Looks what is there; reads no file. What a merge that was cut short left over is removed; a file of a size that
  /// none of ours can have is renamed to `….damaged`.
  Status open();
  std::size_t oversized() const { return oversized_; }  ///< how many were

  const std::vector<Segment>& list() const { return list_; }  ///< oldest first
  std::uint64_t bytes() const { return bytes_; }
  std::filesystem::path path(const Segment& segment) const;
  /// The bytes of a segment behind `from`. What is not there any more, or cannot be read from the disk, is zero: damage
  /// like any other, but that the file, when it goes from the list, is kept as `….damaged` for a disk that may be
  /// rescued: the last few of them. Fails when it may work later.
  Result<std::string> read(const Segment& segment, std::uint64_t from = 0) const;
  Duration grain(std::size_t index);
  /// Until the next start.
  void set_grain(std::size_t index, Duration grain) { list_[index].grain = grain; }

  /// Adds whole blocks to the newest segment, or to a new one. On failure nothing is added.
  Status append(std::string_view blocks);
  /// To the disk with what was appended since the last time.
  Status sync();
  bool unsynced() const { return unsynced_; }

  /// Marks the block at `offset` of the oldest segment as done. Needs no space; not synced.
  Status mark_done(std::uint64_t offset) const;
  /// It is gone from the list whatever happens; on failure the file may be there again at the next start.
  Status remove_oldest();
  /// Puts `blocks` in the place of the segments `from` to `to`, of which none is the newest. On failure all stays.
  Status replace(std::size_t from, std::size_t to, std::string_view blocks, Duration grain);

 private:
  Status open_newest(std::size_t more);
  Status write_new(const Segment& segment, std::string_view blocks) const;
  bool sync_folder() const;
  bool discard(const Segment& segment);
  void keep_aside(std::filesystem::path file);
  void forget(std::size_t from, std::size_t to);
  void close_newest();

  const std::filesystem::path folder_;
  const std::uint64_t segment_size_;
  std::vector<Segment> list_;
  std::uint64_t bytes_ = 0, next_ = 1;
  std::size_t oversized_ = 0;
  std::deque<std::filesystem::path> kept_;  // renamed to `….damaged`, oldest first
  int newest_ = -1;                         // the newest segment, while it is written to
  bool unsynced_ = false;
};

}  // namespace trafficd::spool
