#include "http_order.hpp"

#include <algorithm>
#include <cstring>

namespace trafficd::pcap_input {

void Segment::drop(std::uint32_t size) {
  const std::uint32_t seen = std::min<std::uint32_t>(size, static_cast<std::uint32_t>(bytes.size()));
  bytes.remove_prefix(seen);
  missing -= size - seen;
  sequence += size;
}

SegmentPool::SegmentPool(std::size_t blocks)
    : blocks_(blocks),
      bytes_(std::make_unique_for_overwrite<char[]>(blocks * block_size)),
      first_free_(0),
      free_blocks_(blocks) {
  for (std::uint32_t i = 0; i < blocks; ++i) blocks_[i].next = i + 1;
}

std::uint32_t SegmentPool::take(const Segment& segment) {
  const std::uint32_t index = first_free_;
  Block& block = blocks_[index];
  first_free_ = block.next;
  --free_blocks_;
  block = {segment.sequence, segment.missing, static_cast<std::uint32_t>(segment.bytes.size()), none};
  if (!segment.bytes.empty()) std::memcpy(&bytes_[index * block_size], segment.bytes.data(), segment.bytes.size());
  return index;
}

void SegmentPool::give_back(std::uint32_t index) {
  blocks_[index].next = first_free_;
  first_free_ = index;
  ++free_blocks_;
}

Segment SegmentPool::segment(std::uint32_t index) const {
  const Block& block = blocks_[index];
  return {block.sequence, {&bytes_[index * block_size], block.size}, block.missing};
}

void HttpOrder::begin(std::uint32_t sequence) {
  known_ = true;
  first_ = next_ = sequence;
}

bool HttpOrder::is_near(std::uint32_t sequence) const {
  return !known_ || (distance(sequence) < most_ahead && distance(sequence) > -most_ahead);
}

void HttpOrder::put(SegmentPool& pool, Segment segment, Reader& reader) {
  if (!is_near(segment.sequence)) {
    give_back(pool);
    reader.break_off();
    begin(segment.sequence);
    end_known_ = acknowledged_known_ = false;
  }
  if (distance(segment.sequence) > 0) {
    if (hold(pool, segment)) return drain(pool, reader);
    // There is no room to wait for what stands before it.
    while (held_ != SegmentPool::none && static_cast<std::int32_t>(pool.block(held_).sequence - segment.sequence) < 0)
      pass_held(pool, reader);
  }
  pass(segment, reader);
  drain(pool, reader);
}

void HttpOrder::acknowledge(SegmentPool& pool, std::uint32_t sequence, Reader& reader) {
  if (!is_near(sequence)) return;
  if (acknowledged_known_ && static_cast<std::int32_t>(sequence - acknowledged_) <= 0) return;
  acknowledged_known_ = true;
  acknowledged_ = sequence;
  if (!known_) return;
  drain(pool, reader);
  // The end counts as a byte.
  if (end_known_ && distance(end_) > 0 && static_cast<std::int32_t>(sequence - end_) > 0) pass({end_, {}, 0}, reader);
}

void HttpOrder::end_at(std::uint32_t sequence) {
  // One that was on its way for long is of an earlier connection.
  if (end_known_ || !is_near(sequence) || distance(sequence) < 0) return;
  end_known_ = true;
  end_ = sequence;
}

void HttpOrder::give_back(SegmentPool& pool) {
  while (held_ != SegmentPool::none) {
    const std::uint32_t index = held_;
    held_ = pool.block(index).next;
    pool.give_back(index);
  }
  held_count_ = 0;
}

bool HttpOrder::hold(SegmentPool& pool, Segment segment) {
  const std::size_t blocks =
      std::max<std::size_t>(1, (segment.bytes.size() + SegmentPool::block_size - 1) / SegmentPool::block_size);
  if (held_count_ + blocks > std::max(least_share, pool.free_blocks() / share) || pool.free_blocks() < blocks)
    return false;
  while (segment.bytes.size() > SegmentPool::block_size) {
    hold_block(pool, {segment.sequence, segment.bytes.substr(0, SegmentPool::block_size), 0});
    segment.drop(SegmentPool::block_size);
  }
  hold_block(pool, segment);
  return true;
}

bool HttpOrder::was_acknowledged(std::uint64_t position) const {
  return acknowledged_known_ && static_cast<std::int64_t>(position_ - position) >= -distance(acknowledged_);
}

/// In the order of their beginnings; one that is there already is not kept twice.
void HttpOrder::hold_block(SegmentPool& pool, const Segment& segment) {
  std::uint32_t* place = &held_;
  while (*place != SegmentPool::none) {
    const SegmentPool::Block& block = pool.block(*place);
    if (block.sequence == segment.sequence && block.size >= segment.bytes.size()) return;
    if (static_cast<std::int32_t>(block.sequence - segment.sequence) > 0) break;
    place = &pool.block(*place).next;
  }
  const std::uint32_t made = pool.take(segment);
  pool.block(made).next = *place;
  *place = made;
  ++held_count_;
}

/// The first that waits, with whatever is missing before it.
void HttpOrder::pass_held(SegmentPool& pool, Reader& reader) {
  const std::uint32_t index = held_;
  held_ = pool.block(index).next;
  --held_count_;
  pass(pool.segment(index), reader);
  pool.give_back(index);
}

/// What waits, as far as nothing is missing before it that may still come and is needed.
void HttpOrder::drain(SegmentPool& pool, Reader& reader) {
  while (held_ != SegmentPool::none) {
    const std::int32_t gap = distance(pool.block(held_).sequence);
    const bool received = acknowledged_known_ && distance(acknowledged_) > 0;
    if (gap > 0 && !received && reader.blind() < static_cast<std::uint32_t>(gap)) return;
    pass_held(pool, reader);
  }
}

void HttpOrder::pass(Segment segment, Reader& reader) {
  const std::int32_t gap = distance(segment.sequence);
  if (gap > 0) {
    reader.miss(static_cast<std::uint32_t>(gap));
    advance(static_cast<std::uint32_t>(gap));
  } else if (gap < 0) {
    const std::uint32_t known = static_cast<std::uint32_t>(-std::int64_t{gap});
    if (known >= segment.length()) return;
    segment.drop(known);
  }
  advance(static_cast<std::uint32_t>(segment.bytes.size()));
  if (!segment.bytes.empty()) reader.take(segment.bytes);
  advance(segment.missing);
  if (segment.missing > 0) reader.miss(segment.missing);
}

void HttpOrder::advance(std::uint32_t size) {
  next_ += size;
  position_ += size;
}

}  // namespace trafficd::pcap_input
