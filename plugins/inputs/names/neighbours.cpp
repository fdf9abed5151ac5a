#include "neighbours.hpp"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "trafficd/units.hpp"
#include "watched_file.hpp"

namespace trafficd::names {

namespace {

using Bytes = std::span<const std::byte>;

constexpr int most_datagrams = 10'000;
constexpr std::size_t largest_datagram = 64 * 1024;

/// Takes a header of type T from the front; the rest stays. False when it is cut off.
template <class T>
bool take(Bytes& rest, T& header) {
  if (rest.size() < sizeof header) return false;
  std::memcpy(&header, rest.data(), sizeof header);
  rest = rest.subspan(sizeof header);
  return true;
}

/// Netlink pads everything to four bytes, but for the last.
Bytes after(Bytes whole, std::size_t length) {
  return whole.subspan(std::min((length + 3) & ~std::size_t{3}, whole.size()));
}

bool read_mac(Bytes content, Neighbour& neighbour) {
  if (content.size() != 6) return false;  // no Ethernet: passed over
  neighbour.mac.bits = 0;                 // one before it may have been of no use
  for (const std::byte each : content) neighbour.mac.bits = neighbour.mac.bits << 8 | std::to_integer<unsigned>(each);
  return neighbour.mac.usable();
}

bool read_address(Bytes content, Neighbour& neighbour) {
  if (content.size() != (neighbour.address.ipv6 ? 16u : 4u)) return false;
  std::memcpy(neighbour.address.bytes.data(), content.data(), content.size());
  return true;
}

/// False when the message cannot be understood; `neighbour` stays empty when it says nothing of use.
bool read_one(Bytes body, std::optional<Neighbour>& neighbour) {
  ndmsg about;
  if (!take(body, about)) return false;
  if (about.ndm_family != AF_INET && about.ndm_family != AF_INET6) return true;
  if ((about.ndm_state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) == 0) return true;
  Neighbour found;
  found.interface = about.ndm_ifindex;
  found.address.ipv6 = about.ndm_family == AF_INET6;
  bool has_mac = false, has_address = false;
  while (!body.empty()) {
    rtattr header;
    Bytes content = body;
    if (!take(content, header) || header.rta_len < sizeof header || header.rta_len > body.size()) return false;
    content = content.first(header.rta_len - sizeof header);
    const int type = header.rta_type & NLA_TYPE_MASK;
    if (type == NDA_LLADDR && !has_mac) has_mac = read_mac(content, found);
    if (type == NDA_DST && !has_address) has_address = read_address(content, found);
    body = after(body, header.rta_len);
  }
  if (has_mac && has_address) neighbour = found;
  return true;
}

struct Socket {
  int number;
  ~Socket() {
    if (number >= 0) ::close(number);
  }
};

Status failure_of(int error) {
  return Status::retry(concat("cannot read the neighbour table by netlink: ", std::strerror(error)));
}

}  // namespace

void parse_neighbours(Bytes datagram, Neighbours& into) {
  for (Bytes rest = datagram; !rest.empty();) {
    nlmsghdr header;
    Bytes body = rest;
    if (!take(body, header) || header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) {
      ++into.undecoded;
      return;
    }
    body = body.first(header.nlmsg_len - sizeof header);
    rest = after(rest, header.nlmsg_len);
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
      into.done = true;
      unsigned error = 0;  // both begin with it, as the negative of an errno
      if (take(body, error) && error != 0) into.error = static_cast<int>(0u - error);
    }
    if (header.nlmsg_type != RTM_NEWNEIGH) continue;
    std::optional<Neighbour> neighbour;
    if (!read_one(body, neighbour)) ++into.undecoded;
    if (neighbour) into.entries.push_back(*neighbour);
  }
}

Status read_neighbours(Neighbours& into, std::size_t most) {
  const auto failure = [] { return failure_of(errno); };
  const Socket socket{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  // The kernel answers within the call; the limit is for a world in which it does not.
  constexpr timeval patience{.tv_sec = 2, .tv_usec = 0};
  if (socket.number < 0 || ::setsockopt(socket.number, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0)
    return failure();
  struct {
    nlmsghdr header;
    ndmsg about;
  } request{};
  request.header = {.nlmsg_len = sizeof request,
                    .nlmsg_type = RTM_GETNEIGH,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                    .nlmsg_seq = 1,
                    .nlmsg_pid = 0};
  request.about.ndm_family = AF_UNSPEC;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  if (::sendto(socket.number, &request, sizeof request, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel) < 0)
    return failure();
  std::vector<std::byte> buffer(largest_datagram);
  for (int i = 0; i < most_datagrams && !into.done && into.entries.size() < most; ++i) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t got =
        ::recvfrom(socket.number, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failure();
    if (sender.nl_pid == 0) parse_neighbours({buffer.data(), static_cast<std::size_t>(got)}, into);
  }
  return into.error == 0 ? Status::ok() : failure_of(into.error);
}

Status read_recorded_neighbours(const std::filesystem::path& file, Neighbours& into) {
  const WatchedFile::Content content = WatchedFile(file).read();
  if (content.missing) return Status::ok();
  if (!content.error.empty()) return Status::retry(concat("cannot read '", file, "': ", content.error));
  parse_neighbours(std::as_bytes(std::span(content.text)), into);
  return into.error == 0 ? Status::ok() : failure_of(into.error);
}

}  // namespace trafficd::names
