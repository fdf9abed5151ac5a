#pragma once
// Whether an address is on our side, on the internet, or meant for many: by lists of networks, never by guesses.

#include <array>
#include <cstdint>
#include <vector>

#include "packet/frame.hpp"
#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

/// What is on the link itself is ours as well, and never talks to the internet.
enum class Place : std::uint8_t { remote, local, multicast, on_link };

/// A table over the first 16 bits of an address answers at once for all networks that are no longer than that; only
/// addresses that share these bits with a longer network are looked up in the list. One thread.
class Places {
 public:
  /// `networks` are local. The number of those that are learned is bounded.
  explicit Places(std::vector<Network> networks);

  /// Of IPv4 or IPv6.
  Place of(packet::Family family, const std::uint8_t* address) const {
    const std::uint8_t known = known_[static_cast<std::size_t>(family)][packet::load<std::uint16_t>(address)];
    return known != undecided ? Place{known} : look_up(address, family == packet::Family::ipv6);
  }

  /// The networks of the interface itself, instead of those that were given before; true when they are others.
  bool set_own(std::vector<Network> own);
  /// An IPv6 prefix that was seen in use on the link at this time, in unix seconds, and is valid for so many more; true
  /// when the networks are others now. One that is not heard of again leaves after that time, or a day. Where there are
  /// too many, the one that was heard of least recently leaves, unless that was within a minute: so who makes up
  /// prefixes takes no time, and none of the places of those in use.
  bool learn(const Network& prefix, std::int64_t now, std::uint32_t lifetime);

  /// More than one link of a home has.
  static constexpr std::size_t most_learned = 64;

 private:
  static constexpr std::uint8_t undecided = 4;
  using Table = std::array<std::uint8_t, 65536>;

  struct Learned {
    Network network;
    std::int64_t heard = 0, expires = 0;
  };

  bool hear(const Network& prefix, std::int64_t now, std::int64_t lifetime);
  void build();
  void mark(const Network& network);
  Place look_up(const std::uint8_t* address, bool ipv6) const;

  std::vector<Network> given_, own_, all_;
  std::vector<Learned> learned_;
  std::array<Table, 2> known_;  // by family
};

}  // namespace trafficd::pcap_input
