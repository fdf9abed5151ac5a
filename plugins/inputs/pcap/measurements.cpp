#include "measurements.hpp"

#include <arpa/inet.h>

#include "fields.hpp"

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

Value known(const std::optional<std::uint64_t>& number) { return number ? Value(*number) : Value(); }

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
       counter("unattributed_bytes", "By", "Bytes that belong to no device, and those that a gateway passed on."),
       counter("unseen_bytes", "By",
               "Bytes that the interface counted and the capture did not see: dropped, or passed while it did not run. "
               "Rough on cards that split or join packets, and on bridges: for alarms take kernel_drops.")},
      {"interface"});
  return measurement;
}

Teller::Teller(Host& host, std::string interface)
    : host_(host),
      interface_(std::move(interface)),
      capture_(host.series(capture_measurement(), {{"interface", interface_}})),
      epoch_(new_epoch()) {
  for (const packet::Family family : {packet::Family::ipv4, packet::Family::ipv6, packet::Family::other})
    for (const Scope scope : {Scope::internet, Scope::local, Scope::multicast}) {
      Row row;
      row.name = Row::Name::other;
      row.family = family;
      row.scope = scope;
      others_.push_back(make_series(row, false));
    }
}

void Teller::tell(Accountant& accountant, const Losses& losses, Timestamp time, Batch& out) {
  Rows& rows = accountant.rows();
  if (rows.nearly_full()) rows.make_room();
  rows.for_each([&](Row& row) { tell_row(accountant, row, time, out); });
  rows.clear_evicted();
  const Accountant::Totals& totals = accountant.totals();
  out.push_back({.series = capture_,
                 .time = time,
                 .epoch = epoch_,
                 .born = true,
                 .values = {totals.packets, totals.bytes, known(losses.kernel), known(losses.interface),
                            totals.undecoded, accountant.unattributed_bytes(), known(losses.unseen_bytes)}});
}

void Teller::tell_row(Accountant& accountant, Row& row, Timestamp time, Batch& out) {
  const bool changed = row.told != row.packets();
  if (!changed && (row.rests || row.evicted)) return;
  if (row.packets() == 0) return;
  // Over `max_series` there is no more room for a device than over `max_rows`.
  if (!find_series(accountant, row)) return accountant.rows().fold(row);
  if (row.epoch == 0) row.epoch = new_epoch();
  row.told = row.packets();
  row.rests = !changed;
  out.push_back({.series = row.series,
                 .time = time,
                 .epoch = row.epoch,
                 .born = true,
                 .values = {row.rx.bytes, row.tx.bytes, row.rx.packets, row.tx.packets, row.last_seen()}});
}

/// False where nobody would hear of the row. One that was told keeps its series: with an attribute that is outdated
/// for the while rather than without a word.
bool Teller::find_series(const Accountant& accountant, Row& row) {
  if (row.series && row.gateways_known == accountant.gateway_changes()) return true;
  const bool gateway = row.name == Row::Name::hardware && accountant.is_gateway(packet::load48(row.device.data()));
  if (!row.series || row.gateway != gateway) {
    SeriesPtr series = make_series(row, gateway);
    if (series->muted()) return row.series != nullptr;
    row.series = std::move(series);
    row.gateway = gateway;
  }
  row.gateways_known = accountant.gateway_changes();
  return true;
}

SeriesPtr Teller::make_series(const Row& row, bool gateway) {
  if (row.name == Row::Name::other && others_.size() == 9)
    return others_[3 * static_cast<std::size_t>(row.family) + static_cast<std::size_t>(row.scope)];
  return host_.series(device_measurement(),
                      {{"interface", interface_},
                       {"device", device_text(row)},
                       {"family", std::string(family_text(row.family))},
                       {"scope", std::string(scope_text(row.scope))}},
                      gateway ? Tags{{"gateway", "yes"}} : Tags{});
}

}  // namespace trafficd::pcap_input
