#pragma once
// Link messages of rtnetlink as plain values: what appeared, changed or went, with its counters at that moment. Pure
// functions over bytes; hostile bytes are safe.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "link_counters.hpp"

namespace trafficd::interface {

struct LinkMessage {
  bool gone = false;  ///< removed (its counters are final), else new or changed
  int index = 0;      ///< the interface index: who it is, whatever its name
  bool loopback = false;
  std::string name;
  bool has_counters = false;
  LinkCounters counters;  ///< at the moment of the message
};

/// The link messages in one datagram, in order. Messages of other kinds and other address families (a bridge speaks of
/// its ports) are passed over; those that are cut off or make no sense are counted in `undecoded`.
std::vector<LinkMessage> parse_link_messages(std::span<const std::byte> datagram, std::uint64_t& undecoded);

}  // namespace trafficd::interface
