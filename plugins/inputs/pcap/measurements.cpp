#include "measurements.hpp"

#include <arpa/inet.h>

namespace trafficd::pcap_input {

namespace {

std::string hardware_text(const std::uint8_t* address) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < 6; ++i) {
    if (i > 0) text += ':';
    text += digits[address[i] >> 4];
    text += digits[address[i] & 15];
  }
  return text;
}

std::string device_text(const Row& row) {
  if (row.name == Row::Name::other) return "other";
  if (row.name == Row::Name::hardware) return hardware_text(row.device.data());
  char text[INET6_ADDRSTRLEN];
  inet_ntop(row.name == Row::Name::ipv4 ? AF_INET : AF_INET6, row.device.data(), text, sizeof text);
  return text;
}

std::string_view family_text(packet::Family family) {
  switch (family) {
    case packet::Family::ipv4: return "ipv4";
    case packet::Family::ipv6: return "ipv6";
    case packet::Family::other: break;
  }
  return "other";
}

std::string_view scope_text(Scope scope) {
  switch (scope) {
    case Scope::internet: return "internet";
    case Scope::local: return "local";
    case Scope::multicast: break;
  }
  return "multicast";
}

FieldSpec counter(std::string name, std::string unit, std::string help) {
  return {.name = std::move(name), .kind = Kind::counter, .unit = std::move(unit), .help = std::move(help)};
}

}  // namespace

const MeasurementPtr& device_measurement() {
  static const MeasurementPtr measurement = make_measurement(
      "device", "Traffic of a device on the wire, as seen from it: rx is what it received.",
      {counter("rx_bytes", "By", "Bytes that the device received."),
       counter("tx_bytes", "By", "Bytes that the device sent."),
       counter("rx_packets", "{packet}", "Packets that the device received."),
       counter("tx_packets", "{packet}", "Packets that the device sent."),
       {.name = "last_seen", .kind = Kind::gauge, .unit = "s", .help = "When its last packet passed, in unix time."}},
      {"interface", "device", "family", "scope"});
  return measurement;
}

const MeasurementPtr& capture_measurement() {
  static const MeasurementPtr measurement = make_measurement(
      "capture", "What a capture saw, and what it did not.",
      {counter("packets", "{packet}", "Packets that were seen."),
       counter("bytes", "By", "Bytes of these packets on the wire."),
       counter("kernel_drops", "{packet}", "Packets that the kernel dropped because the buffer was full."),
       counter("interface_drops", "{packet}", "Packets that the interface or its driver dropped."),
       counter("undecoded", "{packet}", "Packets that were cut off or made no sense."),
       counter("unattributed_bytes", "By", "Bytes that belong to no device, and those that a gateway passed on.")},
      {"interface"});
  return measurement;
}

Teller::Teller(Host& host, std::string interface)
    : host_(host),
      interface_(std::move(interface)),
      capture_(host.series(capture_measurement(), {{"interface", interface_}})),
      epoch_(new_epoch()) {}

void Teller::tell(Accountant& accountant, const Losses& losses, Timestamp time, Batch& out) {
  gateways_changed_ = gateway_changes_ != accountant.gateway_changes();
  gateway_changes_ = accountant.gateway_changes();
  Rows& rows = accountant.rows();
  if (rows.nearly_full()) rows.make_room();
  rows.for_each([&](Row& row) { tell_row(accountant, row, time, out); });
  rows.clear_evicted();
  const Accountant::Totals& totals = accountant.totals();
  out.push_back(
      {.series = capture_,
       .time = time,
       .epoch = epoch_,
       .born = true,
       .values = {totals.packets, totals.bytes, losses.kernel, losses.interface ? Value(*losses.interface) : Value(),
                  totals.undecoded, accountant.unattributed_bytes()}});
}

void Teller::tell_row(const Accountant& accountant, Row& row, Timestamp time, Batch& out) {
  const bool changed = row.told != row.packets();
  if (!changed && (row.rests || row.evicted)) return;
  if (row.packets() == 0) return;
  if (row.epoch == 0) row.epoch = new_epoch();
  if (!row.series || gateways_changed_) row.series = series_of(accountant, row);
  row.told = row.packets();
  row.rests = !changed;
  out.push_back({.series = row.series,
                 .time = time,
                 .epoch = row.epoch,
                 .born = true,
                 .values = {row.rx.bytes, row.tx.bytes, row.rx.packets, row.tx.packets, row.last_seen()}});
}

SeriesPtr Teller::series_of(const Accountant& accountant, const Row& row) {
  Tags attributes;
  if (row.name == Row::Name::hardware && accountant.is_gateway(hardware_address(row.device.data())))
    attributes.push_back({"gateway", "yes"});
  return host_.series(device_measurement(),
                      {{"interface", interface_},
                       {"device", device_text(row)},
                       {"family", std::string(family_text(row.family))},
                       {"scope", std::string(scope_text(row.scope))}},
                      std::move(attributes));
}

}  // namespace trafficd::pcap_input
