#pragma once
// The files that say how devices are called. Each parser is pure: any bytes in, entries out; what makes no sense is
// counted and passed over. Names may come from the network, so all are held to one rule.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"

namespace trafficd::names {

constexpr std::size_t most_name_bytes = 253;  // the longest name that DNS has

/// Whether it may be shown as a name: not empty, not too long, UTF-8, nothing that a terminal must not be shown.
bool good_name(std::string_view name);

/// One line: what is known of it.
struct Entry {
  std::optional<Mac> mac;
  std::optional<Address> address;
  std::string name;  ///< empty when there is none
};

struct Parsed {
  std::vector<Entry> entries;
  std::uint64_t bad_lines = 0;
  std::size_t first_bad = 0;   ///< number of the line, from 1
  std::uint64_t left_out = 0;  ///< good ones beyond the bound
};

/// The user's own: a MAC or IP address, blanks or a colon, the name up to the end of the line, perhaps in quotes. Lines
/// that begin with `#` are comments.
Parsed parse_own(std::string_view text, std::size_t most);
/// ethers(5): a MAC, and a name or an IP address.
Parsed parse_ethers(std::string_view text, std::size_t most);
/// dnsmasq's: time, MAC (or, of IPv6, a number), address, name or `*`, client.
Parsed parse_leases(std::string_view text, std::size_t most);
/// hosts(5): an address and names, the first of which counts. Addresses that tell nothing are passed over.
Parsed parse_hosts(std::string_view text, std::size_t most);

}  // namespace trafficd::names
