#include "live_capture.hpp"

#include <poll.h>

#include <algorithm>

#include "catch.hpp"
#include "own_network.hpp"
#include "recorded_packets.hpp"

namespace trafficd::pcap_input {
namespace {

using State = LiveCapture::State;

constexpr std::chrono::milliseconds soon{10};

#define NEEDS_NETWORK(network)                               \
  auto network = OwnNetwork::make();                         \
  if (!network) {                                            \
    WARN("no right to make network namespaces: not tested"); \
    return;                                                  \
  }

/// Reads, waiting in between, until `enough`; gives up when that does not come.
template <class Enough>
State read_until(LiveCapture& capture, Seen& seen, Enough enough) {
  constexpr int patience = 2'000, pause_ms = 10;
  State state = State::idle;
  for (int i = 0; i < patience; ++i) {
    state = capture.read(note, user(seen));
    if (enough(state)) return state;
    if (state == State::gone) break;
    pollfd polled{capture.descriptor(), POLLIN, 0};
    ::poll(&polled, 1, pause_ms);
  }
  FAIL("what was waited for did not come; " << seen.lengths.size() << " packets did. " << capture.trouble());
  return state;
}

void read_packets(LiveCapture& capture, Seen& seen, std::size_t count) {
  read_until(capture, seen, [&](State) { return seen.lengths.size() >= count; });
}

void read_to(LiveCapture& capture, Seen& seen, State wanted) {
  read_until(capture, seen, [&](State state) { return state == wanted; });
}

}  // namespace

TEST_CASE("pcap: packets of an interface come with their length, cut, and stamped by the clock") {
  NEEDS_NETWORK(network);
  LiveCapture capture({.interface = "near", .block_time = soon});
  REQUIRE(capture.open().message() == "");
  CHECK(capture.datalink() == DLT_EN10MB);
  CHECK(capture.warning().empty());
  CHECK_FALSE(net_raw_is_effective());
  CHECK((::fcntl(capture.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  network->send("near", 3);
  network->send("near", 2, 1'000);
  Seen seen;
  read_packets(capture, seen, 5);
  CHECK(seen.lengths == std::vector<std::uint32_t>{60, 60, 60, 1'000, 1'000});
  CHECK(seen.kept == std::vector<std::uint32_t>{60, 60, 60, 96, 96});
  const std::int64_t begin = std::chrono::nanoseconds(before).count();
  const std::int64_t hour = std::chrono::nanoseconds(std::chrono::hours(1)).count();
  for (const std::int64_t stamp : seen.stamps) CHECK((stamp > begin - hour && stamp < begin + hour));
  CHECK(capture.losses().kernel == 0);
  CHECK_FALSE(capture.losses().interface);
}

TEST_CASE("pcap: no more packets are given at once than are asked for") {
  NEEDS_NETWORK(network);
  constexpr std::size_t sent = 10, most = 4;
  LiveCapture capture({.interface = "near", .block_time = soon});
  REQUIRE(capture.open().message() == "");
  network->send("near", sent);
  Seen seen;
  while (seen.lengths.size() < sent) {
    const std::size_t before = seen.lengths.size();
    const State state = capture.read(note, user(seen), most);
    const std::size_t came = seen.lengths.size() - before;
    CHECK(came <= most);
    CHECK((state == State::more) == (came == most));
    pollfd polled{capture.descriptor(), POLLIN, 0};
    if (state == State::idle && seen.lengths.size() < sent) REQUIRE(::poll(&polled, 1, 20'000) == 1);
  }
  CHECK(seen.lengths.size() == sent);
}

TEST_CASE("pcap: direction and filter choose the packets") {
  NEEDS_NETWORK(network);
  LiveCapture in({.interface = "far", .direction = Direction::in, .block_time = soon});
  LiveCapture out({.interface = "far", .direction = Direction::out, .block_time = soon});
  LiveCapture large({.interface = "far", .filter = "greater 500", .promiscuous = true, .block_time = soon});
  for (LiveCapture* capture : {&in, &out, &large}) REQUIRE(capture->open().message() == "");
  network->send("near", 1, 100);
  network->send("far", 1, 200);
  network->send("near", 1, 600);
  network->send("far", 1, 700);
  Seen came, went, both;
  read_packets(in, came, 2);
  read_packets(out, went, 2);
  read_packets(large, both, 2);
  CHECK(came.lengths == std::vector<std::uint32_t>{100, 600});
  CHECK(went.lengths == std::vector<std::uint32_t>{200, 700});
  std::sort(both.lengths.begin(), both.lengths.end());  // they passed each other
  CHECK(both.lengths == std::vector<std::uint32_t>{600, 700});
  CHECK(large.losses().interface.has_value());
  LiveCapture bad({.interface = "far", .filter = "tcp prot 1"});
  CHECK(bad.open().code() == Status::Code::fatal);
  CHECK_FALSE(bad.is_open());
}

TEST_CASE("pcap: an interface that goes down and comes up again is captured on without opening anew") {
  NEEDS_NETWORK(network);
  LiveCapture capture({.interface = "far", .block_time = soon});
  REQUIRE(capture.open().message() == "");
  Seen seen;
  for (int round = 0; round < 2; ++round) {
    seen = {};
    network->send("near", 1);
    read_packets(capture, seen, 1);
    network->ip({"link", "set", "far", "down"});
    read_to(capture, seen, State::down);
    CHECK(capture.trouble() == "the interface 'far' is down");
    CHECK(capture.read(note, user(seen)) == State::down);
    network->bring_up();
    read_to(capture, seen, State::idle);
    CHECK(seen.lengths.size() >= 1);
  }
}

TEST_CASE("pcap: an interface that vanishes is told, and captured again when it is back") {
  NEEDS_NETWORK(network);
  const bool down_before = GENERATE(false, true);
  LiveCapture capture({.interface = "far", .block_time = soon});
  REQUIRE(capture.open().message() == "");
  Seen seen;
  network->send("near", 2);
  read_packets(capture, seen, 2);
  if (down_before) {
    network->ip({"link", "set", "far", "down"});
    read_to(capture, seen, State::down);
  }
  network->ip({"link", "del", "near"});
  read_to(capture, seen, State::gone);
  CHECK(capture.trouble() == "capture on 'far': The interface disappeared");
  capture.close();
  const Status missing = capture.open();
  CHECK(missing.code() == Status::Code::retry);
  CHECK(missing.message() ==
        "cannot capture on 'far': there is no such interface; it is waited for, and 'ip link' lists those that are "
        "there");

  network->ip({"link", "add", "near", "type", "veth", "peer", "name", "far"});
  const Status down = capture.open();
  CHECK(down.code() == Status::Code::retry);
  CHECK(down.message() == "cannot capture on 'far': the interface is down");
  network->bring_up();
  REQUIRE(capture.open().message() == "");
  CHECK_FALSE(net_raw_is_effective());
  seen = {};
  network->send("near", 3);
  read_packets(capture, seen, 3);
}

TEST_CASE("pcap: what found the ring full is counted, over all that is opened") {
  NEEDS_NETWORK(network);
  constexpr int sent = 10'000;  // of which the ring holds a good third
  LiveCapture capture({.interface = "near", .buffer = 1, .block_time = soon});
  std::uint64_t before = 0;
  for (int round = 0; round < 2; ++round) {
    REQUIRE(capture.open().message() == "");
    network->send("near", sent);
    const std::uint64_t lost = capture.losses().kernel - before;
    CHECK(lost > sent / 4);
    Seen seen;
    read_packets(capture, seen, sent - lost);
    CHECK(seen.lengths.size() == sent - lost);
    network->send("near", sent);
    capture.close();
    CHECK(capture.losses().kernel > before + lost);  // close has looked
    before = capture.losses().kernel;
  }
}

TEST_CASE("pcap: all interfaces together are captured with the kernel's own header") {
  NEEDS_NETWORK(network);
  LiveCapture capture({.interface = "any", .promiscuous = true, .block_time = soon});
  REQUIRE(capture.open().message() == "");
  CHECK(capture.datalink() == DLT_LINUX_SLL);
  CHECK_FALSE(capture.losses().interface);
  Seen seen;
  network->send("near", 1);
  read_packets(capture, seen, 2);  // out of one, into the other
}

}  // namespace trafficd::pcap_input
