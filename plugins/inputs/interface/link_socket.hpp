#pragma once
// The kernel's announcements of interfaces that come, change and go, and of changed routes. They wait in the sockets
// until the next tick, so listening costs no wake-up; an interface that comes and goes between two ticks leaves its
// final counters there.

#include <cstdint>
#include <string>
#include <vector>

#include "file_handle.hpp"
#include "link_message.hpp"
#include "trafficd/status.hpp"

namespace trafficd::interface {

class LinkSocket {
 public:
  struct Drained {
    std::vector<LinkMessage> messages;
    std::uint64_t overruns = 0;  ///< how often the kernel had to drop announcements: look at everything again
    std::uint64_t undecoded = 0;
  };

  Status open();
  void close();
  bool is_open() const { return static_cast<bool>(socket_); }
  /// Takes all that waits; never blocks.
  Drained drain();

 private:
  FileHandle socket_;
  std::vector<std::byte> buffer_;
};

/// Tells whether routes or addresses changed, without saying how: then the default route is looked up again. A socket
/// of its own, so that a router's flood of routes never pushes an interface's final counters out.
class RouteSocket {
 public:
  /// Without it, `changed` answers no: who asks looks from time to time anyway.
  Status open();
  void close() { socket_.reset(); }
  bool is_open() const { return static_cast<bool>(socket_); }
  /// Since the last call; takes all that waits and never blocks.
  bool changed();

 private:
  FileHandle socket_;
};

/// What tells this network namespace from all others since the machine was booted.
std::string namespace_identity();

}  // namespace trafficd::interface
