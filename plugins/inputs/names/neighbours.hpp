#pragma once
// The kernel's neighbour table (ARP and neighbour discovery): which hardware address answers for which IP address.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "address.hpp"
#include "trafficd/status.hpp"

namespace trafficd::names {

struct Neighbour {
  Mac mac;
  Address address;
  int interface = 0;  ///< its index
};

struct Neighbours {
  std::vector<Neighbour> entries;
  std::uint64_t undecoded = 0;  ///< messages that are cut off or make no sense
  bool done = false;            ///< the last message of the answer has come; else the rest is left out
  int error = 0;                ///< an errno: the kernel could not tell, or not all
};

/// Adds what one datagram of the kernel's answer says. Entries that have no usable MAC, or whose state says that nobody
/// answered, are passed over. Pure; hostile bytes are safe.
void parse_neighbours(std::span<const std::byte> datagram, Neighbours& into);

/// Asks the kernel for its whole table, IPv4 and IPv6. Does not wait for anything but the kernel; needs no rights. No
/// more than about `most` entries are taken.
Status read_neighbours(Neighbours& into, std::size_t most);
/// The same of a recorded answer.
Status read_recorded_neighbours(const std::filesystem::path& file, Neighbours& into);

}  // namespace trafficd::names
