// Any bytes as frames of any link: nothing is read beyond them, what is seen at a glance is what reading finds, and
// after any crowd of them every byte has an owner. The first byte says which link it is, the second the size of the
// table; then come frames, each behind a byte with its length.

#include <memory>
#include <vector>

#include "inputs/pcap/accountant.hpp"
#include "packet/transport.hpp"
#include "require.hpp"

using namespace trafficd;
using namespace trafficd::packet;

namespace {

constexpr Link links[] = {Link::ethernet, Link::raw,  Link::ppp,        Link::cooked,
                          Link::cooked2,  Link::null, Link::unaddressed};

/// A copy that ends where the frame does, so that a step beyond is seen.
struct Copy {
  Copy(const std::uint8_t* data, std::uint32_t its_size) : bytes(new std::uint8_t[its_size]), size(its_size) {
    std::copy_n(data, size, bytes.get());
  }
  std::unique_ptr<std::uint8_t[]> bytes;
  std::uint32_t size;
};

void check_transport(const Frame& frame) {
  Transport transport;
  if (!read_transport(frame, transport)) return;
  FUZZ_REQUIRE(transport.protocol == tcp_protocol || transport.protocol == udp_protocol);
  FUZZ_REQUIRE(transport.payload > frame.header);
  FUZZ_REQUIRE(transport.payload + transport.captured <= frame.header + frame.captured);
  FUZZ_REQUIRE(transport.captured + transport.missing <= 0xffff || transport.missing == 0);
}

void check_frame(Link link, const Copy& copy) {
  Frame frame;
  const bool good = read_frame(link, copy.bytes.get(), copy.size, frame);
  if (good && frame.family != Family::other) {
    const std::uint32_t least = frame.family == Family::ipv4 ? ipv4_header : ipv6_header;
    FUZZ_REQUIRE(frame.captured >= least);
    FUZZ_REQUIRE(frame.header + frame.captured == copy.bytes.get() + copy.size);
    check_transport(frame);
  }
  if (frame.family == Family::ipv6)
    read_prefixes(frame, [](const auto&, std::uint8_t length) { FUZZ_REQUIRE(length <= 128); });
  if (link != Link::ethernet) return;
  const Family family = ip_at_a_glance(copy.bytes.get(), copy.size);
  if (family != Family::other) FUZZ_REQUIRE(good && frame.family == family);
}

std::uint64_t explained(pcap_input::Accountant& accountant) {
  std::uint64_t bytes = accountant.unattributed_bytes();
  accountant.rows().for_each([&](const pcap_input::Row& row) {
    bytes += row.tx.bytes + (row.scope == pcap_input::Scope::internet ? row.rx.bytes : 0);
  });
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Link link = links[data[0] % std::size(links)];
  pcap_input::Accountant accountant(
      {.networks = {*parse_network("192.168.0.0/16"), *parse_network("fc00::/7")}, .max_rows = 16U + data[1] % 32});
  accountant.set_link(link);
  const std::uint8_t* const end = data + size;
  for (data += 2; data != end;) {
    const auto length = static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(*data, end - data - 1));
    const Copy copy(++data, length);
    data += length;
    check_frame(link, copy);
    accountant.see(0, length + 1, copy.bytes.get(), length);
  }
  FUZZ_REQUIRE(explained(accountant) == accountant.totals().bytes);
  return 0;
}
