// The two ends of a link, for live_capture: `send INTERFACE SECONDS [DEVICES]` sends packets as fast as it can, and
// says how many; `read INTERFACE` counts them with libpcap and nothing else, until SIGTERM.

#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>
#include <vector>

#include "packet/made_frames.hpp"
#include "trafficd/units.hpp"

using namespace trafficd;
using namespace trafficd::packet::made;

namespace {

std::string hexadecimal(unsigned number) {
  char text[6];
  std::snprintf(text, sizeof text, "%02x:%02x", number >> 8 & 255, number & 255);
  return text;
}

/// Of some device to the internet or from there: a quarter IPv6, small, middle and large ones as on a real link.
Bytes some_frame(std::mt19937& random, unsigned devices) {
  const unsigned device = random() % devices, remote = random() % 200'000;
  const bool up = random() % 2 == 0, six = random() % 4 == 0;
  const std::string ours = six ? concat("fd00::", device + 1) : concat("10.0.", device >> 8, '.', device & 255);
  const std::string theirs = six ? concat("2001:db8::", remote % 10'000)
                                 : concat("198.", 18 + (remote >> 16 & 1), '.', remote >> 8 & 255, '.', remote & 255);
  constexpr std::size_t sizes[] = {20, 20, 20, 20, 20, 20, 20, 500, 500, 500, 500, 1400};
  const Bytes packet = up ? ip(ours, theirs, 6, Bytes(sizes[random() % 12])) : ip(theirs, ours, 6, Bytes(40));
  const std::string hardware_of = "02:00:00:00:" + hexadecimal(device), gateway = "02:aa:00:00:00:01";
  return frame(up ? hardware_of : gateway, up ? gateway : hardware_of, packet);
}

int send(const std::string& interface, int seconds, unsigned devices) {
  const int descriptor = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
  const int yes = 1;
  if (descriptor < 0 || ::bind(descriptor, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("cannot send on " + interface);
  ::setsockopt(descriptor, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
  std::mt19937 random(1);
  std::vector<Bytes> frames(100'000);
  for (Bytes& each : frames) each = some_frame(random, devices);
  std::array<iovec, 64> parts{};
  std::array<mmsghdr, 64> messages{};
  std::uint64_t sent = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < end) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      Bytes& next = frames[(sent + i) % frames.size()];
      parts[i] = {next.data(), next.size()};
      messages[i].msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    const int done = ::sendmmsg(descriptor, messages.data(), messages.size(), 0);
    if (done > 0)
      sent += static_cast<std::uint64_t>(done);
    else if (errno != ENOBUFS && errno != EINTR)  // a queue that is full is part of top speed
      throw std::runtime_error(concat("cannot send on ", interface, ": ", std::strerror(errno)));
  }
  ::close(descriptor);
  std::printf("%llu\n", static_cast<unsigned long long>(sent));
  return 0;
}

volatile std::sig_atomic_t stopped = 0;

void count(u_char* counted, const pcap_pkthdr*, const u_char*) { ++*reinterpret_cast<std::uint64_t*>(counted); }

/// Just as the input does it: the same ring, the same waiting.
int read(const std::string& interface) {
  char error[PCAP_ERRBUF_SIZE] = "";
  pcap_t* const handle = ::pcap_create(interface.c_str(), error);
  if (handle == nullptr) throw std::runtime_error(error);
  ::pcap_set_snaplen(handle, 128);
  ::pcap_set_promisc(handle, 1);
  ::pcap_set_buffer_size(handle, 64 * 1024 * 1024);
  ::pcap_set_timeout(handle, 1000);
  ::pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  if (::pcap_activate(handle) < 0 || ::pcap_setnonblock(handle, 1, error) != 0)
    throw std::runtime_error(::pcap_geterr(handle));
  bpf_program all{};
  if (::pcap_compile(handle, &all, "", 1, PCAP_NETMASK_UNKNOWN) != 0 || ::pcap_setfilter(handle, &all) != 0)
    throw std::runtime_error(::pcap_geterr(handle));
  std::signal(SIGTERM, [](int) { stopped = 1; });
  std::uint64_t counted = 0;
  while (stopped == 0) {
    pollfd polled{::pcap_get_selectable_fd(handle), POLLIN, 0};
    ::poll(&polled, 1, 100);
    ::pcap_dispatch(handle, 65'536, count, reinterpret_cast<u_char*>(&counted));
  }
  std::printf("%llu\n", static_cast<unsigned long long>(counted));
  ::pcap_freecode(&all);
  ::pcap_close(handle);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  try {
    if (argc >= 4 && words[1] == "send")
      return send(words[2], std::atoi(argv[3]), argc > 4 ? static_cast<unsigned>(std::atoi(argv[4])) : 50);
    if (argc == 3 && words[1] == "read") return read(words[2]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "live_ends: %s\n", e.what());
    return 1;
  }
  std::fputs("usage: live_ends send INTERFACE SECONDS [DEVICES] | read INTERFACE\n", stderr);
  return 1;
}
