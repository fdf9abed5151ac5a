#pragma once
// The bytes that one side of a TCP connection sends, in their order: what is sent again is passed over, what comes too
// early waits in memory of a fixed size, and what never comes is given up as soon as that is sure.

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

namespace trafficd::pcap_input {

/// A run of bytes, and so many that were not captured behind it.
struct Segment {
  std::uint32_t sequence = 0;
  std::string_view bytes;
  std::uint32_t missing = 0;

  std::uint32_t length() const { return static_cast<std::uint32_t>(bytes.size()) + missing; }
  /// Takes off the front.
  void drop(std::uint32_t size);
};

/// Where segments wait, all connections' together. One thread; takes its memory at once.
class SegmentPool {
 public:
  static constexpr std::size_t block_size = 2048;
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  struct Block {
    std::uint32_t sequence = 0, missing = 0, size = 0, next = none;
  };

  explicit SegmentPool(std::size_t blocks);
  std::size_t free_blocks() const { return free_blocks_; }
  /// There is a free one. The bytes are no more than a block takes.
  std::uint32_t take(const Segment& segment);
  void give_back(std::uint32_t index);
  Block& block(std::uint32_t index) { return blocks_[index]; }
  Segment segment(std::uint32_t index) const;

 private:
  std::vector<Block> blocks_;
  std::unique_ptr<char[]> bytes_;
  std::uint32_t first_free_ = none;
  std::size_t free_blocks_;
};

/// One thread. Allocates nothing.
class HttpOrder {
 public:
  /// Who reads the bytes.
  class Reader {
   public:
    virtual ~Reader() = default;
    virtual void take(std::string_view bytes) = 0;
    /// So many were not seen, and will not be.
    virtual void miss(std::uint64_t bytes) = 0;
    /// What comes next has nothing to do with what came before.
    virtual void break_off() = 0;
    /// How many of the next bytes it can do without.
    virtual std::uint64_t blind() const = 0;
  };

  bool knows_place() const { return known_; }
  /// The first byte has this number.
  void begin(std::uint32_t sequence);
  std::uint32_t first() const { return first_; }
  /// How many bytes were passed so far, seen or missed: it does not begin anew after 4 GiB, as sequences do.
  std::uint64_t position() const { return position_; }

  void put(SegmentPool& pool, Segment segment, Reader& reader);
  /// The other side has received all before this.
  void acknowledge(SegmentPool& pool, std::uint32_t sequence, Reader& reader);
  /// All before this position, that is.
  bool was_acknowledged(std::uint64_t position) const;
  /// Nothing comes from here on.
  void end_at(std::uint32_t sequence);
  bool has_ended() const { return end_known_ && distance(end_) <= 0; }
  /// Whether `sequence` is near enough to be of this connection.
  bool is_near(std::uint32_t sequence) const;

  void give_back(SegmentPool& pool);

 private:
  /// From the next byte that is read to that one.
  std::int32_t distance(std::uint32_t sequence) const { return static_cast<std::int32_t>(sequence - next_); }
  bool hold(SegmentPool& pool, Segment segment);
  void hold_block(SegmentPool& pool, const Segment& segment);
  void pass_held(SegmentPool& pool, Reader& reader);
  void drain(SegmentPool& pool, Reader& reader);
  void pass(Segment segment, Reader& reader);
  void advance(std::uint32_t size);

  // More than one side sends at once, whatever window it has.
  static constexpr std::int32_t most_ahead = 1 << 28;
  // What one side may hold: so many blocks, or as large a part of those that are free.
  static constexpr std::size_t least_share = 4, share = 4;

  bool known_ = false, end_known_ = false, acknowledged_known_ = false;
  std::uint32_t first_ = 0, next_ = 0, acknowledged_ = 0, end_ = 0;
  std::uint64_t position_ = 0;
  std::uint32_t held_ = SegmentPool::none, held_count_ = 0;
};

}  // namespace trafficd::pcap_input
