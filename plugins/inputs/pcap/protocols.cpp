#include "protocols.hpp"

#include <utility>

#include "fields.hpp"

namespace trafficd::pcap_input {

namespace {

using packet::Family;

/// Those that a network has, after IANA's list of protocol numbers; the others by their number.
std::string name_of(std::size_t number) {
  switch (number) {
    case 1: return "icmp";
    case 2: return "igmp";
    case 4: return "ipip";
    case 6: return "tcp";
    case 17: return "udp";
    case 41: return "ipv6";
    case 47: return "gre";
    case 50: return "esp";
    case 51: return "ah";
    case 58: return "icmpv6";
    case 89: return "ospf";
    case 103: return "pim";
    case 112: return "vrrp";
    case 132: return "sctp";
    default: return std::to_string(number);
  }
}

}  // namespace

const MeasurementPtr& protocol_measurement() {
  static const MeasurementPtr measurement =
      make_measurement("protocol", "Traffic of a protocol over IP, all devices together.",
                       {counter("bytes", "By", "Bytes on the wire of packets that carry it."),
                        counter("packets", "{packet}", "Packets that carry it.")},
                       {"interface", "family", "protocol"});
  return measurement;
}

Protocols::Protocols(Host& host, std::string interface)
    : host_(host), interface_(std::move(interface)), epoch_(new_epoch()) {
  for (const std::size_t other : {other_ipv4, other_ipv6, no_ip}) rows_[other].series = make_series(other);
}

void Protocols::count(const packet::Frame& frame, std::uint32_t length) {
  std::size_t index = no_ip;
  if (frame.family != Family::other) {
    const bool ipv6 = frame.family == Family::ipv6;
    std::uint8_t protocol = frame.header[ipv6 ? 6 : 9];
    if (ipv6 && packet::is_extension(protocol)) {
      packet::Transport transport;
      packet::read_transport(frame, transport);
      protocol = transport.protocol;
    }
    index = (ipv6 ? numbers : 0) + protocol;
  }
  rows_[index].bytes += length;
  ++rows_[index].packets;
}

void Protocols::tell(Timestamp time, Batch& out) {
  // Those of `other` are the last.
  for (std::size_t i = 0; i < rows_.size(); ++i) tell_row(i, time, out);
}

void Protocols::tell_row(std::size_t index, Timestamp time, Batch& out) {
  Row& row = rows_[index];
  // Once more after the last change, so that a rate falls to nothing.
  const bool changed = row.told != row.packets;
  if (!changed && row.rests) return;
  if (!row.series) {
    SeriesPtr series = make_series(index);
    if (series->muted()) {
      Row& other = rows_[index < numbers ? other_ipv4 : other_ipv6];
      other.bytes += std::exchange(row.bytes, 0);
      other.packets += std::exchange(row.packets, 0);
      return;
    }
    row.series = std::move(series);
  }
  row.rests = !changed;
  row.told = row.packets;
  out.push_back(
      {.series = row.series, .time = time, .epoch = epoch_, .born = true, .values = {row.bytes, row.packets}});
}

SeriesPtr Protocols::make_series(std::size_t index) const {
  const bool named = index < other_ipv4, ipv4 = index < numbers || index == other_ipv4;
  return host_.series(protocol_measurement(), {{"interface", interface_},
                                               {"family", index == no_ip ? "other"
                                                          : ipv4         ? "ipv4"
                                                                         : "ipv6"},
                                               {"protocol", named ? name_of(index % numbers) : "other"}});
}

}  // namespace trafficd::pcap_input
