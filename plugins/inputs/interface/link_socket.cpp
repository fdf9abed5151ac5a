#include "link_socket.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "trafficd/units.hpp"

namespace trafficd::interface {
namespace {

constexpr int receive_bytes = 1 << 20;
constexpr std::size_t largest_datagram = 32 * 1024;
constexpr int most_datagrams = 20'000;  // a flood of announcements must not keep a tick busy for ever

constexpr int most_route_datagrams = 1'000;

#ifdef SO_NETNS_COOKIE
constexpr int netns_cookie = SO_NETNS_COOKIE;
#else
constexpr int netns_cookie = 71;
#endif

/// Empty, and errno, when it cannot be had.
FileHandle listen_to(std::uint32_t groups) {
  FileHandle handle{::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE)};
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (!handle || ::bind(handle.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  return handle;
}

}  // namespace

Status LinkSocket::open() {
  FileHandle handle = listen_to(RTMGRP_LINK);
  if (!handle) return Status::retry(concat("cannot listen for interface changes on netlink: ", std::strerror(errno)));
  // The second reaches beyond the system's limit where we have the right to; failing either leaves a smaller buffer.
  ::setsockopt(handle.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  ::setsockopt(handle.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, sizeof receive_bytes);
  socket_ = std::move(handle);
  buffer_.resize(largest_datagram);
  return Status::ok();
}

void LinkSocket::close() {
  socket_.reset();
  buffer_ = {};
}

LinkSocket::Drained LinkSocket::drain() {
  Drained drained;
  for (int i = 0; i < most_datagrams; ++i) {
    sockaddr_nl sender{};
    socklen_t sender_size = sizeof sender;
    const ssize_t size = ::recvfrom(socket_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC,
                                    reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      ++drained.overruns;
      continue;
    }
    if (size < 0) break;
    if (sender.nl_pid != 0) continue;  // only the kernel speaks for the kernel
    if (static_cast<std::size_t>(size) > buffer_.size()) {
      ++drained.overruns;
      continue;
    }
    for (auto& message : parse_link_messages({buffer_.data(), static_cast<std::size_t>(size)}, drained.undecoded))
      drained.messages.push_back(std::move(message));
  }
  return drained;
}

Status RouteSocket::open() {
  // Addresses too: a route that goes with its address is not announced.
  FileHandle handle = listen_to(RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
  if (!handle) return Status::retry(concat("cannot listen for route changes on netlink: ", std::strerror(errno)));
  // Small: an overrun says as much as all the messages it dropped.
  constexpr int small = 4096;
  ::setsockopt(handle.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  socket_ = std::move(handle);
  return Status::ok();
}

bool RouteSocket::changed() {
  bool any = false;
  for (int i = 0; socket_ && i < most_route_datagrams; ++i) {
    std::byte start{};
    if (::recv(socket_.get(), &start, sizeof start, MSG_TRUNC) < 0 && errno != ENOBUFS && errno != EINTR) break;
    any = true;
  }
  return any;
}

std::string namespace_identity() {
  const FileHandle any{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (any && ::getsockopt(any.get(), SOL_SOCKET, netns_cookie, &cookie, &size) == 0 && size == sizeof cookie)
    return concat("cookie ", cookie);
  // Linux before 5.14. The number can return after the namespace has gone, which no older kernel lets us see.
  struct stat about {};
  if (::stat("/proc/self/ns/net", &about) == 0) return concat("inode ", static_cast<std::uint64_t>(about.st_ino));
  return "unknown";
}

}  // namespace trafficd::interface
