// Decoding of link messages: recorded ones, cut-off ones, lying ones.
#include "link_message.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "catch.hpp"
#include "recorded_messages.hpp"

namespace {

using namespace trafficd;
using namespace trafficd::interface;
using Bytes = std::vector<std::byte>;

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return bytes;
}

struct Parsed {
  std::vector<LinkMessage> messages;
  std::uint64_t undecoded = 0;
};

Parsed parse(const Bytes& bytes) {
  Parsed parsed;
  // A copy of exactly this size, so that a read beyond the end is one beyond the allocation.
  const Bytes exact(bytes);
  parsed.messages = parse_link_messages(exact, parsed.undecoded);
  return parsed;
}

Value counter(const LinkMessage& message, std::string_view name) {
  for (std::size_t i = 0; i < link_counters.size(); ++i)
    if (name == link_counters[i].name) return message.counters[i];
  FAIL("no counter " << name);
  return {};
}

template <class T>
void put(Bytes& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

void append_attribute(Bytes& bytes, std::uint16_t type, const Bytes& content) {
  const std::size_t at = bytes.size();
  bytes.resize(at + 4 + (content.size() + 3) / 4 * 4);
  put(bytes, at, static_cast<std::uint16_t>(4 + content.size()));
  put(bytes, at + 2, type);
  std::copy(content.begin(), content.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at) + 4);
  put(bytes, 0, static_cast<std::uint32_t>(bytes.size()));
}

Bytes text(std::string_view value) {
  Bytes bytes(value.size() + 1);
  std::memcpy(bytes.data(), value.data(), value.size());
  return bytes;
}

/// A message with an interface header and no attributes.
Bytes message(std::uint16_t type, int index, unsigned char family = AF_UNSPEC) {
  Bytes bytes(sizeof(nlmsghdr) + sizeof(ifinfomsg));
  put(bytes, 0, static_cast<std::uint32_t>(bytes.size()));
  put(bytes, offsetof(nlmsghdr, nlmsg_type), type);
  put(bytes, sizeof(nlmsghdr) + offsetof(ifinfomsg, ifi_family), family);
  put(bytes, sizeof(nlmsghdr) + offsetof(ifinfomsg, ifi_index), index);
  return bytes;
}

TEST_CASE("link message: a rename carries the counters of that moment") {
  const Parsed parsed = parse(from_hex(recorded_renamed));
  REQUIRE(parsed.messages.size() == 1);
  CHECK(parsed.undecoded == 0);
  const LinkMessage& renamed = parsed.messages[0];
  CHECK_FALSE(renamed.gone);
  CHECK_FALSE(renamed.loopback);
  CHECK(renamed.index == 3);
  CHECK(renamed.name == "ppp7");
  CHECK(renamed.has_counters);
  CHECK(counter(renamed, "tx_packets").as_unsigned() >= 7);
  CHECK(counter(renamed, "tx_bytes").as_unsigned() >= 7 * 1042);
}

TEST_CASE("link message: a removal carries the final counters") {
  const Parsed parsed = parse(from_hex(recorded_removed));
  REQUIRE(parsed.messages.size() == 1);
  const LinkMessage& gone = parsed.messages[0];
  CHECK(gone.gone);
  CHECK(gone.index == 3);
  CHECK(gone.name == "ppp7");
  CHECK(gone.has_counters);
  const LinkMessage before = parse(from_hex(recorded_renamed)).messages.at(0);  // it was down in between
  for (std::size_t i = 0; i < link_counters.size(); ++i) CHECK(gone.counters[i] == before.counters[i]);
}

TEST_CASE("link message: what a bridge says of its ports is not for us") {
  const Parsed parsed = parse(from_hex(recorded_bridge_port));
  CHECK(parsed.messages.empty());
  CHECK(parsed.undecoded == 0);
  CHECK(parse(message(RTM_DELLINK, 5, AF_BRIDGE)).undecoded == 0);
  CHECK(parse(message(RTM_NEWADDR, 5)).messages.empty());
}

TEST_CASE("link message: a datagram may hold several") {
  Bytes both = from_hex(recorded_renamed);
  both.resize((both.size() + 3) / 4 * 4);
  const Bytes bridge = from_hex(recorded_bridge_port), removed = from_hex(recorded_removed);
  both.insert(both.end(), bridge.begin(), bridge.end());
  both.insert(both.end(), removed.begin(), removed.end());
  const Parsed parsed = parse(both);
  REQUIRE(parsed.messages.size() == 2);
  CHECK_FALSE(parsed.messages[0].gone);
  CHECK(parsed.messages[1].gone);
}

TEST_CASE("link message: one that is cut off anywhere is counted, never believed") {
  const Bytes whole = from_hex(recorded_removed);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const Parsed parsed = parse({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)});
    if (!parsed.messages.empty() || parsed.undecoded != 1) FAIL("cut to " << size << " bytes");
  }
  CHECK(parse({}).undecoded == 0);
}

TEST_CASE("link message: a length that lies inside does no harm") {
  // Every byte in turn says something else; the sanitizers watch what is read.
  const Bytes whole = from_hex(recorded_removed);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const unsigned wrong : {0x00U, 0x01U, 0x7fU, 0xffU}) {
      Bytes bytes = whole;
      bytes[at] = static_cast<std::byte>(wrong);
      const Parsed parsed = parse(bytes);
      CHECK(parsed.messages.size() <= 2);
      refused += parsed.undecoded;
    }
  CHECK(refused > 0);

  Bytes short_attribute = message(RTM_NEWLINK, 5);
  append_attribute(short_attribute, IFLA_IFNAME, text("eth0"));
  put(short_attribute, sizeof(nlmsghdr) + sizeof(ifinfomsg), std::uint16_t{3});
  CHECK(parse(short_attribute).undecoded == 1);
  Bytes short_message = message(RTM_NEWLINK, 5);
  put(short_message, 0, std::uint32_t{15});
  CHECK(parse(short_message).undecoded == 1);
}

TEST_CASE("link message: names and indices that no kernel gives are refused") {
  for (const char* name : {"", "a/b", ".", "..", "sixteencharsname"}) {
    Bytes bytes = message(RTM_NEWLINK, 5);
    append_attribute(bytes, IFLA_IFNAME, text(name));
    INFO("name '" << name << "'");
    CHECK(parse(bytes).messages.empty());
    CHECK(parse(bytes).undecoded == 1);
  }
  for (const int index : {0, -1}) {
    Bytes bytes = message(RTM_DELLINK, index);
    append_attribute(bytes, IFLA_IFNAME, text("eth0"));
    CHECK(parse(bytes).undecoded == 1);
  }
  Bytes unterminated = message(RTM_NEWLINK, 5);
  Bytes name = text("eth0");
  name.pop_back();
  append_attribute(unterminated, IFLA_IFNAME, name);
  CHECK(parse(unterminated).messages.at(0).name == "eth0");
}

TEST_CASE("link message: an older kernel has fewer counters") {
  Bytes bytes = message(RTM_DELLINK, 5);
  append_attribute(bytes, IFLA_IFNAME, text("eth0"));
  const Parsed none = parse(bytes);
  CHECK_FALSE(none.messages.at(0).has_counters);

  Bytes counters(23 * 8);
  put(counters, 2 * 8, std::uint64_t{77});
  append_attribute(bytes, IFLA_STATS64, counters);
  const Parsed parsed = parse(bytes);
  REQUIRE(parsed.messages.size() == 1);
  CHECK(parsed.messages[0].has_counters);
  CHECK(counter(parsed.messages[0], "rx_bytes") == Value(77));
  CHECK(counter(parsed.messages[0], "tx_compressed") == Value(0));
  CHECK(counter(parsed.messages[0], "rx_nohandler").absent());
}

}  // namespace
