#pragma once
// Tiers: the same history in buckets of different width, fine ones for weeks and coarse ones for years. And how an
// increase that took some time is laid over buckets.

#include <cstdint>
#include <string>
#include <vector>

#include "trafficd/status.hpp"

namespace trafficd::history {

struct Tier {
  Duration bucket;
  Duration keep;
  friend bool operator==(const Tier&, const Tier&) = default;
};

/// A minute for two weeks, a quarter of an hour for ten years.
std::vector<Tier> default_tiers();

/// What is wrong with them, and what to do; empty when they are good. Every bucket divides a quarter of an hour,
/// because the offsets of all time zones are multiples of that: only so is every local day exact.
std::string check_tiers(const std::vector<Tier>& tiers);

/// `30s`, `1m`, `15m`: the end of a table's name.
std::string bucket_name(std::int64_t seconds);

std::int64_t unix_seconds(Timestamp time);

/// A part of a span that falls into one bucket.
struct Piece {
  std::size_t tier = 0;
  std::int64_t start = 0;  ///< of the bucket, unix seconds
  std::int64_t part = 0;   ///< nanoseconds of the span
};

/// Lays (from, to] over buckets, oldest first. A span of nothing lies just before `to`. With more
/// than `most` buckets several neighbours are taken together and put into the last of them.
void append_pieces(std::vector<Piece>& pieces, Timestamp from, Timestamp to, std::size_t tier, std::int64_t bucket,
                   std::int64_t most);

/// What of `amount` belongs to `part` of `whole`, rounded down.
std::uint64_t share(std::uint64_t amount, std::int64_t part, std::int64_t whole);

}  // namespace trafficd::history
