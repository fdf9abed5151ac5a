#include "places.hpp"

#include <algorithm>

namespace trafficd::pcap_input {

namespace {

constexpr std::int64_t a_minute = 60, a_day = 86'400;

constexpr std::uint8_t remote = static_cast<std::uint8_t>(Place::remote);
constexpr std::uint8_t local = static_cast<std::uint8_t>(Place::local);
constexpr std::uint8_t multicast = static_cast<std::uint8_t>(Place::multicast);
constexpr std::uint8_t on_link = static_cast<std::uint8_t>(Place::on_link);

/// The index of the first 16 bits as they are loaded.
std::uint16_t index(unsigned first, unsigned second) {
  const std::uint8_t bytes[] = {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(second)};
  return packet::load<std::uint16_t>(bytes);
}

}  // namespace

Places::Places(std::vector<Network> networks) : given_(std::move(networks)) { build(); }

bool Places::set_own(std::vector<Network> own) {
  if (own == own_) return false;
  own_ = std::move(own);
  build();
  return true;
}

bool Places::learn(const Network& prefix, std::int64_t now, std::uint32_t lifetime) {
  // Further ahead than ever: the clock was put back, by more than packets are out of order.
  const auto is_over = [&](const Learned& each) { return now > each.expires || each.expires - now > a_day + a_minute; };
  const bool fewer = std::erase_if(learned_, is_over) > 0;
  const bool more = hear(prefix, now, std::clamp<std::int64_t>(lifetime, a_minute, a_day));
  if (fewer || more) build();
  return fewer || more;
}

/// Whether it is new, and taken.
bool Places::hear(const Network& prefix, std::int64_t now, std::int64_t lifetime) {
  const auto holds = [&](const Network& each) {
    return each.ipv6 && each.prefix <= prefix.prefix && each.contains(prefix.address, true);
  };
  if (std::ranges::any_of(given_, holds) || std::ranges::any_of(own_, holds)) return false;
  if (const auto known = std::ranges::find_if(learned_, holds, &Learned::network); known != learned_.end()) {
    known->heard = now;
    known->expires = std::max(known->expires, now + lifetime);
    return false;
  }
  if (learned_.size() >= most_learned) {
    const auto oldest = std::ranges::min_element(learned_, {}, &Learned::heard);
    if (now - oldest->heard < a_minute) return false;
    learned_.erase(oldest);
  }
  learned_.push_back({prefix, now, now + lifetime});
  return true;
}

void Places::build() {
  all_ = given_;
  all_.insert(all_.end(), own_.begin(), own_.end());
  for (const Learned& each : learned_) all_.push_back(each.network);
  auto& [ipv4, ipv6] = known_;
  ipv4.fill(remote);
  ipv6.fill(remote);
  // Short networks first: a longer one inside a short one changes nothing there.
  std::ranges::stable_sort(all_, {}, &Network::prefix);
  for (const Network& network : all_) mark(network);
  // Whatever the lists say: RFC 3927 and 4291.
  ipv4[index(169, 254)] = on_link;
  for (unsigned second = 0x80; second < 0xc0; ++second) ipv6[index(0xfe, second)] = on_link;
  for (unsigned second = 0; second < 256; ++second) {
    for (unsigned first = 224; first < 240; ++first) ipv4[index(first, second)] = multicast;
    ipv6[index(0xff, second)] = multicast;
  }
  // 255.255.255.255 is for all.
  ipv4[index(255, 255)] = undecided;
  // What has no address yet, as in DHCP, and what looks for its own, is on this side.
  if (ipv4[0] == remote) ipv4[0] = undecided;
  if (ipv6[0] == remote) ipv6[0] = undecided;
}

void Places::mark(const Network& network) {
  Table& table = known_[network.ipv6 ? 1 : 0];
  const unsigned first = static_cast<unsigned>(network.address[0] << 8 | network.address[1]);
  if (network.prefix > 16) {
    std::uint8_t& known = table[index(first >> 8, first & 0xff)];
    if (known != local) known = undecided;
    return;
  }
  for (unsigned n = 0; n < 1U << (16 - network.prefix); ++n) table[index((first + n) >> 8, (first + n) & 0xff)] = local;
}

Place Places::look_up(const std::uint8_t* address, bool ipv6) const {
  std::array<std::uint8_t, 16> whole{};
  const std::size_t length = ipv6 ? 16 : 4;
  std::copy_n(address, length, whole.begin());
  if (!ipv6 && std::all_of(address, address + 4, [](std::uint8_t each) { return each == 255; }))
    return Place::multicast;
  if (std::all_of(address, address + length, [](std::uint8_t each) { return each == 0; })) return Place::local;
  const auto contains = [&](const Network& each) { return each.contains(whole, ipv6); };
  return std::ranges::any_of(all_, contains) ? Place::local : Place::remote;
}

}  // namespace trafficd::pcap_input
