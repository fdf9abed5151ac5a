#pragma once
// What IP carries: bytes and packets of each protocol. A table with room for all there can be.

#include <array>
#include <cstdint>
#include <string>

#include "packet/transport.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::pcap_input {

const MeasurementPtr& protocol_measurement();

/// One thread.
class Protocols {
 public:
  Protocols(Host& host, std::string interface);

  /// Allocates nothing.
  void count(const packet::Frame& frame, std::uint32_t length);
  /// A sample for each that changed since the last time, and one more when it first did not. What finds no room in
  /// `max_series` is told as `other` of its family.
  void tell(Timestamp time, Batch& out);

 private:
  struct Row {
    std::uint64_t bytes = 0, packets = 0, told = 0;
    bool rests = true;  // told without a change
    SeriesPtr series;
  };
  static constexpr std::size_t numbers = 256, other_ipv4 = 2 * numbers, other_ipv6 = other_ipv4 + 1,
                               no_ip = other_ipv6 + 1;

  void tell_row(std::size_t index, Timestamp time, Batch& out);
  SeriesPtr make_series(std::size_t index) const;

  Host& host_;
  const std::string interface_;
  const std::uint64_t epoch_;
  std::array<Row, no_ip + 1> rows_;
};

}  // namespace trafficd::pcap_input
