// Any bytes as each of the files and messages that say how devices are called: what comes out holds to the rules, and
// nothing is read beyond the end.

#include <span>
#include <string>
#include <vector>

#include "inputs/names/neighbours.hpp"
#include "inputs/names/parsers.hpp"
#include "inputs/names/vendors.hpp"
#include "require.hpp"
#include "trafficd/units.hpp"

using namespace trafficd;
using namespace trafficd::names;

namespace {

constexpr std::size_t most = 8;

void check_entries(const Parsed& parsed) {
  FUZZ_REQUIRE(parsed.entries.size() <= most);
  FUZZ_REQUIRE(parsed.left_out == 0 || parsed.entries.size() == most);
  FUZZ_REQUIRE((parsed.bad_lines > 0) == (parsed.first_bad > 0));
  for (const Entry& entry : parsed.entries) {
    FUZZ_REQUIRE(entry.mac || entry.address);
    FUZZ_REQUIRE(!entry.name.empty() || (entry.mac && entry.address));
    FUZZ_REQUIRE(entry.name.empty() || good_name(entry.name));
    FUZZ_REQUIRE(entry.name.size() <= most_name_bytes);
    FUZZ_REQUIRE(!entry.mac || entry.mac->usable());
    FUZZ_REQUIRE(!entry.mac || parse_mac(format_mac(*entry.mac)) == entry.mac);
    FUZZ_REQUIRE(!entry.address || parse_address(format_address(*entry.address)) == entry.address);
  }
}

void check_vendors(std::string_view bytes) {
  std::uint64_t blocks = 0;
  const std::uint64_t bad = parse_vendors(bytes, [&](const VendorBlock& block) {
    ++blocks;
    FUZZ_REQUIRE(block.length == 24 || block.length == 28 || block.length == 36);
    FUZZ_REQUIRE(block.prefix >> block.length == 0);
    const std::string name = clean_vendor(block.name);
    FUZZ_REQUIRE(name.size() <= 64);
    FUZZ_REQUIRE(printable(name) == name);
  });
  FUZZ_REQUIRE(blocks + bad <= bytes.size() + 1);
}

void check_neighbours(std::string_view bytes) {
  // A copy of exactly this size, so that a read beyond the end is one beyond the allocation.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  Neighbours found;
  parse_neighbours(std::as_bytes(std::span(exact)), found);
  FUZZ_REQUIRE(found.entries.size() + found.undecoded <= bytes.size() / 16 + 1);
  for (const Neighbour& each : found.entries) FUZZ_REQUIRE(each.mac.usable());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  for (const auto parse : {parse_own, parse_ethers, parse_leases, parse_hosts}) check_entries(parse(bytes, most));
  check_vendors(bytes);
  check_neighbours(bytes);
  server_fault(bytes);
  return 0;
}
