// Any bytes as frames of any link: nothing is read beyond them, what is seen at a glance is what reading finds, and
// after any crowd of them every byte has an owner, whatever was told and evicted meanwhile. The first byte says which
// link it is, the second the size of the table; then come frames, each behind a byte with its length. Where that is 255
// there is a tick instead, and the next byte says what happens at it.

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
    read_prefixes(frame, [](const auto&, std::uint8_t length, std::uint32_t lifetime) {
      FUZZ_REQUIRE(length <= 128 && lifetime > 0);
    });
  if (link != Link::ethernet) return;
  const Family family = ip_at_a_glance(copy.bytes.get(), copy.size);
  if (family != Family::other) FUZZ_REQUIRE(good && frame.family == family);
}

/// The bytes on the wire for which a row stands.
std::uint64_t bytes_of(const pcap_input::Row& row) {
  return row.tx.bytes + (row.scope == pcap_input::Scope::internet ? row.rx.bytes : 0);
}

std::uint64_t explained(pcap_input::Accountant& accountant) {
  std::uint64_t bytes = accountant.unattributed_bytes();
  accountant.rows().for_each([&](const pcap_input::Row& row) { bytes += bytes_of(row); });
  return bytes;
}

/// Parts of what is done when rows are told. Answers the bytes of those that left, all of which were told.
std::uint64_t tick(pcap_input::Accountant& accountant, std::uint8_t what) {
  using pcap_input::Row;
  const bool makes_room = what & 1, tells = what & 2, folds = what & 4, clears = what & 8;
  const unsigned every = 1U + (what >> 4) % 4;
  pcap_input::Rows& rows = accountant.rows();
  if (makes_room) rows.make_room();
  unsigned n = 0;
  rows.for_each([&](Row& row) {
    if (row.packets() == 0 || n++ % every != 0) return;
    if (folds && row.told == 0 && row.name != Row::Name::other)
      rows.fold(row);
    else if (tells)
      row.told = row.packets();
  });
  std::uint64_t left = 0;
  if (clears)
    rows.for_each([&](const Row& row) {
      if (row.evicted && row.told == row.packets()) left += bytes_of(row);
    });
  if (clears) rows.clear_evicted();
  return left;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Link link = links[data[0] % std::size(links)];
  pcap_input::Accountant accountant(
      {.networks = {*parse_network("192.168.0.0/16"), *parse_network("fc00::/7")}, .max_rows = 16U + data[1] % 32});
  accountant.set_link(link);
  const std::uint8_t* const end = data + size;
  std::uint64_t left = 0;
  for (data += 2; data != end;) {
    if (*data == 255 && end - data > 1) {
      left += tick(accountant, data[1]);
      FUZZ_REQUIRE(left + explained(accountant) == accountant.totals().bytes);
      data += 2;
      continue;
    }
    const auto length = static_cast<std::uint32_t>(std::min<std::ptrdiff_t>(*data, end - data - 1));
    const Copy copy(++data, length);
    data += length;
    check_frame(link, copy);
    accountant.see(0, length + 1, copy.bytes.get(), length);
  }
  FUZZ_REQUIRE(left + explained(accountant) == accountant.totals().bytes);
  return 0;
}
