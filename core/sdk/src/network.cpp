// Address blocks.

#include <arpa/inet.h>

#include <charconv>

#include "in_quotes.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

/// The bits of byte `index` that belong to a prefix of that length.
std::uint8_t mask(unsigned prefix, std::size_t index) {
  const unsigned before = static_cast<unsigned>(index) * 8;
  if (prefix >= before + 8) return 0xff;
  if (prefix <= before) return 0;
  return static_cast<std::uint8_t>(0xff << (before + 8 - prefix));
}

}  // namespace

bool Network::contains(const std::array<std::uint8_t, 16>& other, bool other_ipv6) const {
  if (ipv6 != other_ipv6) return false;
  for (std::size_t i = 0; i < (ipv6 ? 16U : 4U); ++i)
    if ((other[i] & mask(prefix, i)) != (address[i] & mask(prefix, i))) return false;
  return true;
}

Result<Network> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  const Error bad{concat(in_quotes(text), " is not an address block; say 192.168.0.0/16 or fd00::/8")};
  Network network;
  network.ipv6 = host.find(':') != std::string::npos;
  // A zero byte would end the text early for the C function.
  if (host.find('\0') != std::string::npos) return bad;
  if (inet_pton(network.ipv6 ? AF_INET6 : AF_INET, host.c_str(), network.address.data()) != 1) return bad;
  const unsigned most = network.ipv6 ? 128 : 32;
  unsigned prefix = most;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, prefix);
    if (error == std::errc::invalid_argument || rest != end || (digits.size() > 1 && digits[0] == '0')) return bad;
    if (error != std::errc{} || prefix > most)
      return Error{concat("the prefix of ", in_quotes(text), " is longer than ", most, " bits")};
  }
  network.prefix = static_cast<std::uint8_t>(prefix);
  Network block = network;
  for (std::size_t i = 0; i < 16; ++i) block.address[i] &= mask(prefix, i);
  if (!(block == network))
    return Error{concat(in_quotes(text), " has bits behind its prefix; the block is ", format_network(block),
                        ", the address alone ", host)};
  return network;
}

std::string format_network(const Network& network) {
  char buffer[INET6_ADDRSTRLEN];
  if (!inet_ntop(network.ipv6 ? AF_INET6 : AF_INET, network.address.data(), buffer, sizeof buffer)) return "?";
  return concat(buffer, "/", static_cast<unsigned>(network.prefix));
}

}  // namespace trafficd
