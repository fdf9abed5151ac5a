#include "packet/neighbour_discovery.hpp"

#include <algorithm>
#include <span>

namespace trafficd::packet {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t from_a_neighbour = 255;
constexpr std::uint8_t router_advertisement = 134, neighbour_solicitation = 135, neighbour_advertisement = 136;
constexpr std::uint8_t prefix_information = 3, on_link = 0x80, autonomous = 0x40;

bool is_global(Bytes address) { return (address[0] & 0xe0) == 0x20; }
bool is_link_local(Bytes address) { return address[0] == 0xfe && (address[1] & 0xc0) == 0x80; }

void tell(Bytes address, std::uint8_t length, std::uint32_t lifetime, const PrefixSink& found) {
  std::array<std::uint8_t, 16> prefix{};
  std::copy_n(address.begin(), length / 8, prefix.begin());
  if (length % 8 != 0) prefix[length / 8] = address[length / 8] & static_cast<std::uint8_t>(0xff00 >> length % 8);
  found(prefix, length, lifetime);
}

void read_options(Bytes options, const PrefixSink& found) {
  while (options.size() >= 8) {
    const std::size_t size = options[1] * std::size_t{8};
    if (size == 0 || size > options.size()) return;
    // A prefix of a few bits would make the internet local.
    if (options[0] == prefix_information && size == 32 && (options[3] & (on_link | autonomous)) != 0 &&
        options[2] >= 32 && options[2] <= 128 && is_global(options.subspan(16))) {
      const std::uint32_t lifetime = std::uint32_t{load_big16(&options[4])} << 16 | load_big16(&options[6]);
      // One that a router withdraws may be in use for a while: it leaves when it is not heard of any more.
      if (lifetime > 0) tell(options.subspan(16), options[2], lifetime, found);
    }
    options = options.subspan(size);
  }
}

}  // namespace

void read_prefixes(const Frame& frame, const PrefixSink& found) {
  const Bytes bytes(frame.header, frame.captured);
  if (bytes.size() < ipv6_header + 8 || !is_icmpv6(frame.header) || bytes[7] != from_a_neighbour) return;
  const Bytes message = bytes.subspan(ipv6_header);
  if (message[1] != 0) return;
  if (message[0] == router_advertisement && message.size() >= 16 && is_link_local(bytes.subspan(8)))
    return read_options(message.subspan(16), found);
  if ((message[0] == neighbour_solicitation || message[0] == neighbour_advertisement) && message.size() >= 24 &&
      is_global(message.subspan(8)))
    tell(message.subspan(8), 64, ~std::uint32_t{0}, found);
}

}  // namespace trafficd::packet
