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

  Place ipv4(const std::uint8_t* address) const {
    const std::uint8_t known = ipv4_[packet::load<std::uint16_t>(address)];
    return known != undecided ? Place{known} : look_up(address, false);
  }
  Place ipv6(const std::uint8_t* address) const {
    const std::uint8_t known = ipv6_[packet::load<std::uint16_t>(address)];
    return known != undecided ? Place{known} : look_up(address, true);
  }
  Place of(packet::Family family, const std::uint8_t* address) const {
    return family == packet::Family::ipv4 ? ipv4(address) : ipv6(address);
  }

  /// The networks of the interface itself, instead of those that were given before; true when they are others.
  bool set_own(std::vector<Network> own);
  /// An IPv6 prefix that was seen in use on the link; true when it is new.
  bool learn(const Network& prefix);

  /// More than one link of a home has; a neighbour that makes up more is not believed.
  static constexpr std::size_t most_learned = 64;

 private:
  static constexpr std::uint8_t undecided = 4;
  using Table = std::array<std::uint8_t, 65536>;

  void build();
  void mark(const Network& network);
  Place look_up(const std::uint8_t* address, bool ipv6) const;

  std::vector<Network> given_, own_, learned_, all_;
  Table ipv4_, ipv6_;
};

}  // namespace trafficd::pcap_input
