// The kernel's neighbour table: a recorded answer, whole and cut, and the one of this machine.
#include "neighbours.hpp"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::names {
namespace {

using Bytes = std::vector<std::byte>;

Bytes recorded() {
  const std::string text = testing::read_file(TRAFFICD_SOURCE_DIR "/plugins/inputs/names/cases/home/root/neighbours");
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Neighbours parse(const Bytes& bytes) {
  // A copy of exactly this size, so that a read beyond the end is one beyond the allocation.
  const Bytes exact(bytes);
  Neighbours found;
  parse_neighbours(exact, found);
  return found;
}

std::string shown(const Neighbours& neighbours) {
  std::string text;
  for (const Neighbour& each : neighbours.entries)
    text += format_mac(each.mac) + " " + format_address(each.address) + "\n";
  return text;
}

}  // namespace

TEST_CASE("names: a recorded neighbour table, without those who did not answer and what is no device") {
  const Neighbours found = parse(recorded());
  CHECK(shown(found) ==
        "da:a1:19:0a:0b:0c 192.168.1.21\n3c:22:fb:01:02:03 192.168.1.20\n70:b3:d5:f2:f0:01 192.168.1.22\n"
        "74:1a:e0:9a:bc:de 192.168.1.25\n3c:22:fb:01:02:03 fd00::20\n3c:22:fb:01:02:03 fe80::3e22:fbff:fe01:203\n");
  CHECK(found.undecoded == 0);
  CHECK(found.done);
  CHECK(found.entries.front().interface == 3);
}

TEST_CASE("names: a netlink answer that is cut off anywhere is safe") {
  const Bytes whole = recorded();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Neighbours found = parse(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    CHECK(found.entries.size() <= 6);
    CHECK(found.undecoded <= 1);
  }
}

TEST_CASE("names: a netlink answer that lies about its lengths is safe") {
  const Bytes whole = recorded();
  for (std::size_t at = 0; at + 2 <= whole.size(); at += 2)
    for (const std::uint16_t length : {0, 1, 3, 4, 17, 0xffff}) {
      Bytes lies = whole;
      std::memcpy(lies.data() + at, &length, sizeof length);
      CHECK(parse(lies).entries.size() <= 10);  // there are no more messages
    }
}

TEST_CASE("names: an answer that ends with an error is a failure, and what came before it counts") {
  const testing::TempFolder folder;
  const auto read = [&](int type, int error, const std::string& before = {}) {
    nlmsghdr header{};
    header.nlmsg_len = sizeof header + sizeof error;
    header.nlmsg_type = static_cast<std::uint16_t>(type);
    std::string text(sizeof header + sizeof error, '\0');
    std::memcpy(text.data(), &header, sizeof header);
    std::memcpy(text.data() + sizeof header, &error, sizeof error);
    Neighbours found;
    const Status status = read_recorded_neighbours(folder.write("answer", before + text), found);
    CHECK(found.done);
    CHECK(found.undecoded == 0);
    CHECK(found.entries.size() == (before.empty() ? 0 : 6));
    return status;
  };
  const Bytes whole = recorded();
  const std::string before(reinterpret_cast<const char*>(whole.data()), whole.size());
  for (const int type : {NLMSG_ERROR, NLMSG_DONE}) {
    CHECK(read(type, 0).is_ok());
    CHECK(read(type, 0, before).is_ok());
    CHECK(read(type, -EPERM).code() == Status::Code::retry);
    CHECK(read(type, -EPERM).message() == "cannot read the neighbour table by netlink: Operation not permitted");
    CHECK_FALSE(read(type, -ENOMEM, before).is_ok());
    CHECK_FALSE(read(type, std::numeric_limits<int>::min()).is_ok());
  }
}

TEST_CASE("names: of several hardware addresses the first that one device can have counts") {
  const auto attribute = [](std::uint16_t type, std::string content) {
    const rtattr header{.rta_len = static_cast<std::uint16_t>(sizeof header + content.size()), .rta_type = type};
    content.insert(0, reinterpret_cast<const char*>(&header), sizeof header);
    content.resize((content.size() + 3) & ~std::size_t{3});
    return content;
  };
  ndmsg about{};
  about.ndm_family = AF_INET;
  about.ndm_state = NUD_REACHABLE;
  const std::string body = std::string(reinterpret_cast<const char*>(&about), sizeof about) +
                           attribute(NDA_LLADDR, "\x01\x02\x03\x04\x05\x06") +
                           attribute(NDA_LLADDR, "\x3c\x22\xfb\x01\x02\x03") +
                           attribute(NDA_LLADDR, "\x3c\x22\xfb\x01\x02\x04") + attribute(NDA_DST, "\x0a\x01\x02\x03");
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body.size());
  header.nlmsg_type = RTM_NEWNEIGH;
  const std::string text = std::string(reinterpret_cast<const char*>(&header), sizeof header) + body;
  const auto bytes = std::as_bytes(std::span(text));
  CHECK(shown(parse({bytes.begin(), bytes.end()})) == "3c:22:fb:01:02:03 10.1.2.3\n");
}

TEST_CASE("names: the table of this machine can be read, and is bounded") {
  Neighbours found;
  CHECK(read_neighbours(found, 10'000).message().empty());
  CHECK(found.done);
  CHECK(found.undecoded == 0);
  Neighbours none;
  CHECK(read_neighbours(none, 0).is_ok());
  CHECK(none.entries.empty());
  CHECK_FALSE(none.done);
}

}  // namespace trafficd::names
