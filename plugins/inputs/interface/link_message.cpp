#include "link_message.hpp"

#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

namespace trafficd::interface {
namespace {

using Bytes = std::span<const std::byte>;

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

std::string_view text(Bytes content) {
  const auto end = std::find(content.begin(), content.end(), std::byte{0});
  return {reinterpret_cast<const char*>(content.data()), static_cast<std::size_t>(end - content.begin())};
}

bool plausible_name(std::string_view name) {
  return !name.empty() && name.size() < 16 && name != "." && name != ".." && name.find('/') == name.npos;
}

/// An older kernel has fewer counters than we know, a newer one more.
void read_counters(Bytes content, LinkCounters& counters) {
  for (std::size_t i = 0; i < link_counters.size(); ++i) {
    std::uint64_t number;
    if (content.size() < link_counters[i].offset + sizeof number) continue;
    std::memcpy(&number, content.data() + link_counters[i].offset, sizeof number);
    counters[i] = number;
  }
}

bool read_attributes(Bytes rest, LinkMessage& message) {
  while (!rest.empty()) {
    rtattr header;
    Bytes content = rest;
    if (!take(content, header) || header.rta_len < sizeof header || header.rta_len > rest.size()) return false;
    content = content.first(header.rta_len - sizeof header);
    const int type = header.rta_type & NLA_TYPE_MASK;
    if (type == IFLA_IFNAME) message.name = text(content);
    if (type == IFLA_STATS64) {
      read_counters(content, message.counters);
      message.has_counters = !message.counters[0].absent();
    }
    rest = after(rest, header.rta_len);
  }
  return true;
}

/// Nothing when it is not for us; an empty name when it cannot be understood.
std::optional<LinkMessage> parse_one(const nlmsghdr& header, Bytes body) {
  if (header.nlmsg_type != RTM_NEWLINK && header.nlmsg_type != RTM_DELLINK) return std::nullopt;
  LinkMessage message;
  ifinfomsg info;
  if (!take(body, info)) return message;
  if (info.ifi_family != AF_UNSPEC) return std::nullopt;
  message.gone = header.nlmsg_type == RTM_DELLINK;
  message.index = info.ifi_index;
  message.loopback = info.ifi_type == ARPHRD_LOOPBACK;
  if (message.index <= 0 || !read_attributes(body, message) || !plausible_name(message.name)) message.name.clear();
  return message;
}

}  // namespace

std::vector<LinkMessage> parse_link_messages(std::span<const std::byte> datagram, std::uint64_t& undecoded) {
  std::vector<LinkMessage> messages;
  for (Bytes rest = datagram; !rest.empty();) {
    nlmsghdr header;
    Bytes body = rest;
    if (!take(body, header) || header.nlmsg_len < sizeof header || header.nlmsg_len > rest.size()) {
      ++undecoded;
      break;
    }
    body = body.first(header.nlmsg_len - sizeof header);
    if (auto message = parse_one(header, body)) {
      if (message->name.empty())
        ++undecoded;
      else
        messages.push_back(std::move(*message));
    }
    rest = after(rest, header.nlmsg_len);
  }
  return messages;
}

}  // namespace trafficd::interface
