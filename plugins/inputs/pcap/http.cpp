#include "http.hpp"

#include <algorithm>
#include <cstring>

namespace trafficd::pcap_input {

using packet::Family;
using packet::Frame;
using packet::Transport;

namespace {

std::string ports_fault(const HttpSettings& settings) {
  for (const int port : settings.ports)
    if (port < 1 || port > 65535) return concat(port, " is no port: ports go from 1 to 65535");
  return {};
}

HttpEnd end_of(Family family, const std::uint8_t* address, std::uint16_t port) {
  HttpEnd end{.port = port, .ipv6 = family == Family::ipv6};
  std::memcpy(end.address.data(), address, end.ipv6 ? 16 : 4);
  return end;
}

}  // namespace

Options<HttpSettings> http_options() {
  return Options<HttpSettings>{}
      .add("ports", &HttpSettings::ports, "Ports of TCP on which servers speak HTTP/1 without encryption.")
      .not_empty()
      .check(ports_fault)
      .add("servers", &HttpSettings::servers, "Only servers with these addresses; none given: all.")
      .add("max_streams", &HttpSettings::max_streams,
           "Connections that are followed at once, for each interface; when they are more, the one that was silent "
           "longest leaves.")
      .range(&HttpSettings::max_streams, 16, 1'000'000)
      .add("max_rows", &HttpSettings::max_rows,
           "Rows of `http`, one for each server, section, method and class of status, for each interface; when they "
           "are all taken, the rest is counted as `other`.")
      .range(&HttpSettings::max_rows, 16, 1'000'000);
}

Http::Http(const HttpSettings& settings, Host& host, std::string interface)
    : servers_(settings.servers),
      losses_(host.meter()),
      counts_(settings.max_rows, host, std::move(interface)),
      streams_(settings.max_streams, counts_, losses_) {
  for (const int port : settings.ports) ports_.set(static_cast<std::size_t>(port));
}

void Http::see(std::int64_t seconds, const Frame& frame) {
  if (frame.family == Family::other) return;
  Transport segment;
  const bool readable = packet::read_transport(frame, segment);
  if (segment.protocol != packet::tcp_protocol) return;
  if (!ports_[segment.destination_port] && !ports_[segment.source_port]) return;
  if (readable)
    see_segment(seconds, frame, segment);
  else
    losses_.cut_segments.fetch_add(1, std::memory_order_relaxed);
}

void Http::see_segment(std::int64_t seconds, const Frame& frame, const Transport& segment) {
  const HttpEnd source = end_of(frame.family, frame.source_address(), segment.source_port);
  const HttpEnd destination = end_of(frame.family, frame.destination_address(), segment.destination_port);
  const HttpStreams::Ends asks{.client = source, .server = destination};
  const HttpStreams::Ends answers{.client = destination, .server = source};
  const bool may_ask = ports_[segment.destination_port] && is_server(destination);
  bool from_client = may_ask;
  if (ports_[segment.source_port] && is_server(source)) {
    // Where both could be the server, the connection knows; a new one says it by how it begins.
    from_client = may_ask && !streams_.knows(answers) &&
                  (streams_.knows(asks) ||
                   (!(segment.has(packet::syn_flag) && segment.has(packet::ack_flag)) &&
                    !begins_response({reinterpret_cast<const char*>(segment.payload), segment.captured})));
  } else if (!may_ask) {
    return;
  }
  streams_.see(seconds, from_client ? asks : answers, from_client, segment);
}

bool Http::is_server(const HttpEnd& end) const {
  std::array<std::uint8_t, 16> address;
  std::memcpy(address.data(), end.address.data(), address.size());
  return servers_.empty() ||
         std::ranges::any_of(servers_, [&](const Network& each) { return each.contains(address, end.ipv6); });
}

void Http::tell(Timestamp time, Batch& out) {
  streams_.settle(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
  counts_.tell(time, out);
}

}  // namespace trafficd::pcap_input
