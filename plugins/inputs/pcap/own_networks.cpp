#include "own_networks.hpp"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <bit>
#include <memory>

namespace trafficd::pcap_input {

Network network_around(const std::uint8_t* address, const std::uint8_t* mask, bool ipv6) {
  Network network{.ipv6 = ipv6};
  for (std::size_t i = 0; i < (ipv6 ? 16 : 4); ++i) {
    network.address[i] = address[i] & mask[i];
    network.prefix = static_cast<std::uint8_t>(network.prefix + std::popcount(mask[i]));
  }
  return network;
}

namespace {

using Addresses = std::unique_ptr<ifaddrs, decltype(&freeifaddrs)>;

Addresses all_addresses() {
  ifaddrs* first = nullptr;
  return {getifaddrs(&first) == 0 ? first : nullptr, freeifaddrs};
}

}  // namespace

bool is_loopback(const std::string& interface) {
  const Addresses all = all_addresses();
  for (const ifaddrs* each = all.get(); each != nullptr; each = each->ifa_next)
    if (interface == each->ifa_name) return (each->ifa_flags & IFF_LOOPBACK) != 0;
  return false;
}

std::vector<Network> own_networks(const std::string& interface) {
  const Addresses all = all_addresses();
  std::vector<Network> networks;
  for (const ifaddrs* each = all.get(); each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_netmask == nullptr) continue;
    if (interface != "any" && interface != each->ifa_name) continue;
    if (each->ifa_addr->sa_family == AF_INET) {
      const auto bytes = [](const sockaddr* given) {
        return reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in*>(given)->sin_addr);
      };
      networks.push_back(network_around(bytes(each->ifa_addr), bytes(each->ifa_netmask), false));
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      const auto bytes = [](const sockaddr* given) {
        return reinterpret_cast<const std::uint8_t*>(&reinterpret_cast<const sockaddr_in6*>(given)->sin6_addr);
      };
      networks.push_back(network_around(bytes(each->ifa_addr), bytes(each->ifa_netmask), true));
    }
  }
  return networks;
}

}  // namespace trafficd::pcap_input
