#include "link_counters.hpp"

#include <linux/if_link.h>

namespace trafficd::interface {
namespace {

std::vector<FieldSpec> counter_specs(std::size_t from, std::size_t to) {
  std::vector<FieldSpec> fields;
  for (std::size_t i = from; i < to; ++i)
    fields.push_back({link_counters[i].name, Kind::counter, link_counters[i].unit, link_counters[i].help});
  return fields;
}

}  // namespace

#define TRAFFICD_LINK_COUNTER(name, unit, help) \
  LinkCounter { #name, unit, help, offsetof(rtnl_link_stats64, name) }

const std::array<LinkCounter, link_counter_count> link_counters{{
    TRAFFICD_LINK_COUNTER(rx_bytes, "By", "Bytes received."),
    TRAFFICD_LINK_COUNTER(tx_bytes, "By", "Bytes sent."),
    TRAFFICD_LINK_COUNTER(rx_packets, "{packet}", "Packets received."),
    TRAFFICD_LINK_COUNTER(tx_packets, "{packet}", "Packets sent."),
    TRAFFICD_LINK_COUNTER(rx_errors, "{packet}", "Bad packets received."),
    TRAFFICD_LINK_COUNTER(tx_errors, "{packet}", "Packets that could not be sent."),
    TRAFFICD_LINK_COUNTER(rx_dropped, "{packet}", "Good packets dropped on their way in."),
    TRAFFICD_LINK_COUNTER(tx_dropped, "{packet}", "Packets dropped on their way out."),
    TRAFFICD_LINK_COUNTER(multicast, "{packet}", "Multicast packets received."),
    TRAFFICD_LINK_COUNTER(collisions, "1", "Collisions while sending."),
    TRAFFICD_LINK_COUNTER(rx_length_errors, "{packet}", "Packets received with a wrong length."),
    TRAFFICD_LINK_COUNTER(rx_over_errors, "{packet}", "Packets lost because the receiver had no room."),
    TRAFFICD_LINK_COUNTER(rx_crc_errors, "{packet}", "Packets received with a wrong checksum."),
    TRAFFICD_LINK_COUNTER(rx_frame_errors, "{packet}", "Packets received with a broken frame."),
    TRAFFICD_LINK_COUNTER(rx_fifo_errors, "{packet}", "Packets lost in the receiver's queue."),
    TRAFFICD_LINK_COUNTER(rx_missed_errors, "{packet}", "Packets that the host was too slow to take."),
    TRAFFICD_LINK_COUNTER(tx_aborted_errors, "{packet}", "Packets whose sending was aborted."),
    TRAFFICD_LINK_COUNTER(tx_carrier_errors, "{packet}", "Packets not sent for want of a carrier."),
    TRAFFICD_LINK_COUNTER(tx_fifo_errors, "{packet}", "Packets lost in the sender's queue."),
    TRAFFICD_LINK_COUNTER(tx_heartbeat_errors, "{packet}", "Heartbeat errors while sending."),
    TRAFFICD_LINK_COUNTER(tx_window_errors, "{packet}", "Packets sent too late."),
    TRAFFICD_LINK_COUNTER(rx_compressed, "{packet}", "Compressed packets received."),
    TRAFFICD_LINK_COUNTER(tx_compressed, "{packet}", "Compressed packets sent."),
    TRAFFICD_LINK_COUNTER(rx_nohandler, "{packet}", "Packets received on an inactive device."),
}};

#undef TRAFFICD_LINK_COUNTER

MeasurementPtr main_measurement() {
  auto fields = counter_specs(0, main_counter_count);
  fields.push_back({"speed", Kind::gauge, "bit/s", "Speed of the link, where the device knows it."});
  fields.push_back({"up", Kind::gauge, "1", "1 when the interface is up, else 0."});
  return make_measurement("interface", "Traffic of one network interface.", std::move(fields), {"interface"});
}

MeasurementPtr detail_measurement() {
  return make_measurement("interface_detail", "The kernel's other counters of one network interface.",
                          counter_specs(main_counter_count, link_counter_count), {"interface"});
}

}  // namespace trafficd::interface
