#pragma once
// Whose bytes each packet was: the packet path of this input. A device is a hardware address; the networks say who is
// local; who carries packets of the internet to local devices is a gateway and no client of it.
//
// What is booked, by where source and destination are:
//   local, internet   tx of the sender, `internet`, unless it is a gateway: then the packet was somebody's already
//   internet, local   rx of the receiver, the same way
//   local, local      tx of the sender and rx of the receiver, `local`; what is no IP, too
//   any, multicast    tx of the sender, `multicast`
//   on the link, any  as local, local
//   multicast, any    nobody: it is no address of a sender
//   others            the side that is no gateway where exactly one is, `internet`; otherwise nobody
//
// So at every moment: all bytes = internet rx + tx, local tx, multicast tx, and what belongs to nobody.

#include <array>
#include <string>
#include <vector>

#include "packet/frame.hpp"
#include "packet/neighbour_discovery.hpp"
#include "places.hpp"
#include "rows.hpp"
#include "trafficd/host.hpp"

namespace trafficd::pcap_input {

struct AccountantSettings {
  std::vector<Network> networks;
  std::vector<std::uint64_t> gateways;  ///< as `packet::load48` reads them; empty: found by what they carry
  std::size_t max_rows = 0;
};

/// A hardware address at the front of eight bytes, as `packet::load48` reads it.
inline std::uint64_t load_hardware(const std::uint8_t* bytes) {
  if constexpr (std::endian::native == std::endian::little)
    return packet::load<std::uint64_t>(bytes) & 0xffff'ffff'ffffU;
  return packet::load48(bytes);
}

/// One thread. The path of a packet stands here, so that it becomes a part of libpcap's handler.
class Accountant {
 public:
  struct Totals {
    std::uint64_t packets = 0, bytes = 0, undecoded = 0;
  };

  explicit Accountant(const AccountantSettings& settings);
  Accountant(const Accountant&) = delete;
  Accountant& operator=(const Accountant&) = delete;

  /// Before the first packet, and when those that follow come by another link. Takes memory.
  void set_link(packet::Link link);

  /// One packet: when it came in unix seconds, how long it was on the wire, and the bytes that were captured of it.
  /// Allocates nothing.
  [[gnu::always_inline]] void see(std::int64_t seconds, std::uint32_t length, const std::uint8_t* bytes,
                                  std::uint32_t captured) {
    ++totals_.packets;
    totals_.bytes += length;
    if (link_ == packet::Link::ethernet) [[likely]] {
      const packet::Family family = packet::ip_at_a_glance(bytes, captured);
      if (family != packet::Family::other) [[likely]] {
        const std::uint8_t* const header = bytes + packet::ethernet_header;
        // In ICMPv6, neighbours speak of prefixes: first of all, what is local has to be known.
        const bool is_ipv6 = family == packet::Family::ipv6, speaks = is_ipv6 & packet::is_icmpv6(header);
        if (speaks) [[unlikely]]
          return see_any(seconds, length, bytes, captured);
        const Place from = places_.of(family, header + packet::Frame::source_offset(family));
        const Place to = places_.of(family, header + packet::Frame::destination_offset(family));
        const Ends ends = ends_of(bytes, bytes + 6);
        if (book(seconds, length, ends, family, from, to)) [[likely]]
          return;
        if (from == Place::local && to == Place::local && !ends.to_group)
          return see_local(seconds, length, {family, bytes + 6, bytes, header, captured - packet::ethernet_header},
                           ends);
      }
    }
    see_any(seconds, length, bytes, captured);
  }

  /// What the system says of the interface's own networks.
  void set_own_networks(std::vector<Network> own) {
    if (places_.set_own(std::move(own))) forget_gateways();
  }

  /// How a device used the internet by a packet that was seen just now, for who counts that in another way.
  enum class Use : std::uint8_t { none, sent, received };
  Use use_of(const packet::Frame& frame) const;

  const Totals& totals() const { return totals_; }
  std::uint64_t unattributed_bytes() {
    settle();
    return unattributed_ + rows_.sink().bytes();
  }
  Rows& rows() {
    settle();
    return rows_;
  }
  bool is_gateway(std::uint64_t hardware) const;
  /// Changes with every gateway that is found or forgotten.
  std::uint32_t gateway_changes() const { return gateway_changes_; }

  static constexpr std::size_t most_gateways = Rows::most_redirected / 2;

 private:
  /// From whom to whom a frame goes, by hardware.
  struct Ends {
    std::uint64_t source, destination;
    bool to_group;
  };
  static Ends ends_of(const std::uint8_t* destination, const std::uint8_t* source) {
    // The type follows both addresses, so that there are eight bytes from each on.
    return {load_hardware(source), load_hardware(destination), (destination[0] & 1) != 0};
  }
  /// The usual case, at once; false when there is more to think about.
  [[gnu::always_inline]] bool book(std::int64_t seconds, std::uint32_t length, const Ends& ends, packet::Family family,
                                   Place from, Place to) {
    static_assert(static_cast<int>(Place::remote) == 0 && static_cast<int>(Place::local) == 1);
    const unsigned either = static_cast<unsigned>(from) | static_cast<unsigned>(to);
    if (either != static_cast<unsigned>(Place::local) || ends.to_group) [[unlikely]]
      return false;
    if (from == to) return false;
    // Both ways follow each other as they like: a branch would be guessed wrong as often.
    const std::uint64_t receives = static_cast<unsigned>(to);
    const std::uint64_t device = ends.source ^ ((ends.source ^ ends.destination) & -receives);
    carries(ends.source ^ ends.destination ^ device);
    post(Rows::hardware_key(device, family, Scope::internet), receives != 0, seconds, length);
    return true;
  }
  void send(std::uint64_t hardware, packet::Family family, Scope scope, std::int64_t seconds, std::uint32_t length) {
    post(Rows::hardware_key(hardware, family, scope), false, seconds, length);
  }
  void receive(std::uint64_t hardware, packet::Family family, Scope scope, std::int64_t seconds, std::uint32_t length) {
    post(Rows::hardware_key(hardware, family, scope), true, seconds, length);
  }
  [[gnu::always_inline]] void post(std::uint64_t key, bool receives, std::int64_t seconds, std::uint32_t length) {
    posted_[posts_++] = {key, seconds, length, receives};
    if (posts_ == posted_.size()) [[unlikely]]
      settle();
  }
  /// Writes what is posted.
  void settle();
  void see_any(std::int64_t seconds, std::uint32_t length, const std::uint8_t* bytes, std::uint32_t captured);
  void see_addressed(std::int64_t seconds, std::uint32_t length, const packet::Frame& frame);
  void see_unaddressed(std::int64_t seconds, std::uint32_t length, const packet::Frame& frame);
  void see_local(std::int64_t seconds, std::uint32_t length, const packet::Frame& frame, const Ends& ends);
  void see_transit(std::int64_t seconds, std::uint32_t length, packet::Family family, const Ends& ends);
  void carries(std::uint64_t hardware) {
    if (hardware != last_carrier_) [[unlikely]]
      note_carrier(hardware);
  }
  void note_carrier(std::uint64_t hardware);
  void add_gateway(std::uint64_t hardware);
  void forget_gateways();
  void learn_prefixes(std::int64_t seconds, const packet::Frame& frame);

  /// What goes to a row and is not written yet.
  struct Posted {
    std::uint64_t key;
    std::int64_t seconds;
    std::uint32_t length;
    bool receives;
  };

  packet::Link link_ = packet::Link::ethernet;
  std::uint64_t last_carrier_ = ~std::uint64_t{0};
  Totals totals_;
  // The rows of a large network are more than a processor keeps near; written together, they are waited for together.
  std::array<Posted, 64> posted_;
  std::size_t posts_ = 0;
  std::uint64_t unattributed_ = 0;
  Rows rows_;
  bool find_gateways_;
  std::vector<std::uint64_t> gateways_;
  std::uint32_t gateway_changes_ = 0;
  Places places_;
};

}  // namespace trafficd::pcap_input
