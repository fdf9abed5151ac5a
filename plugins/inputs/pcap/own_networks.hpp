#pragma once
// The networks that the system has given to an interface.

#include <string>
#include <vector>

#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

/// Asks the kernel now; of all interfaces for `any`. Empty where there are none or nobody answers.
std::vector<Network> own_networks(const std::string& interface);

bool is_loopback(const std::string& interface);

/// The network around an address, from the bytes of the address and of its mask.
Network network_around(const std::uint8_t* address, const std::uint8_t* mask, bool ipv6);

}  // namespace trafficd::pcap_input
