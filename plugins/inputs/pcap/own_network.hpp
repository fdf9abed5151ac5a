#pragma once
// A network namespace of a test's own, with a cable between `near` and `far`. Nothing outside of it is touched.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rights.hpp"
#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

/// The thread that made it is in the namespace as long as it lives.
class OwnNetwork {
 public:
  /// None where the test has no right to make one.
  static std::optional<OwnNetwork> make() {
    const int home = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0) return {};
    if (::geteuid() != 0 || ::unshare(CLONE_NEWNET) != 0) {
      ::close(home);
      return {};
    }
    OwnNetwork network(home);
    if (!network.try_ip({"link", "add", "near", "type", "veth", "peer", "name", "far"})) return {};
    // Without IPv6 not a frame passes that the test did not send.
    for (const char* name : {"near", "far"})
      network.write(concat("/proc/sys/net/ipv6/conf/", name, "/disable_ipv6"), "1");
    network.bring_up();
    return network;
  }
  OwnNetwork(OwnNetwork&& other) noexcept : home_(std::exchange(other.home_, -1)) {}
  OwnNetwork& operator=(OwnNetwork&&) = delete;
  ~OwnNetwork() {
    if (home_ < 0) return;
    if (::setns(home_, CLONE_NEWNET) != 0) std::abort();
    ::close(home_);
  }

  void ip(const std::vector<std::string>& words) const {
    if (!try_ip(words)) throw std::runtime_error("ip " + words[0] + " " + words[1] + " failed");
  }

  /// Both ends up, and until frames pass both ways, which the kernel arranges some time later.
  void bring_up() const {
    ip({"link", "set", "near", "up"});
    ip({"link", "set", "far", "up"});
    await_frame("near", "far");
    await_frame("far", "near");
  }

  /// So many frames of so many bytes out of an interface, where a capture has seen them all when this returns; at the
  /// other end they come some time later.
  void send(const std::string& interface, int frames, std::size_t bytes = 60) const {
    const int descriptor = socket_at(interface, 0);
    std::string frame(bytes, '\0');
    frame.replace(0, 14, std::string("\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x88\xb5", 14));
    for (int i = 0; i < frames; ++i)
      // A cable whose other end is behind drops the frame, which this end has seen all the same.
      if (::send(descriptor, frame.data(), frame.size(), 0) < 0 && errno != ENOBUFS)
        throw std::runtime_error(concat("cannot send: errno ", errno));
    ::close(descriptor);
  }

 private:
  explicit OwnNetwork(int home) : home_(home) {}

  static int socket_at(const std::string& interface, int protocol) {
    const RaisedNetRaw right;
    const int descriptor = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(static_cast<std::uint16_t>(protocol));
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error(concat("cannot bind to ", interface, ": errno ", errno));
    return descriptor;
  }

  /// Until a frame passes, and then until none is on the way any more.
  void await_frame(const std::string& from, const std::string& to) const {
    constexpr int patience = 2'000, pause_ms = 10, ours = 0x88b5;
    constexpr std::size_t last = 61;  // by its length
    const int descriptor = socket_at(to, ours);
    pollfd polled{descriptor, POLLIN, 0};
    for (int i = 0; i < patience && polled.revents == 0; ++i) {
      send(from, 1);
      ::poll(&polled, 1, pause_ms);
    }
    if (polled.revents != 0) send(from, 1, last);
    char frame[128];
    ssize_t got = 0;
    while (got != last && ::poll(&polled, 1, patience * pause_ms) == 1)
      got = ::recv(descriptor, frame, sizeof frame, 0);
    ::close(descriptor);
    if (got != last) throw std::runtime_error("no frame comes from " + from + " to " + to);
  }

  static bool try_ip(const std::vector<std::string>& words) {
    std::vector<char*> arguments{const_cast<char*>("ip")};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    pid_t id = 0;
    int status = -1;
    if (::posix_spawnp(&id, "ip", nullptr, nullptr, arguments.data(), environ) != 0) return false;
    while (::waitpid(id, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  static void write(const std::string& file, const std::string& text) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return;  // a kernel without IPv6
    if (::write(descriptor, text.data(), text.size()) < 0) throw std::runtime_error("cannot write " + file);
    ::close(descriptor);
  }

  int home_;
};

}  // namespace trafficd::pcap_input
