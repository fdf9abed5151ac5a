#pragma once
// What this input says of the table of an Accountant.

#include <optional>
#include <string>

#include "accountant.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::pcap_input {

const MeasurementPtr& device_measurement();
const MeasurementPtr& capture_measurement();

/// Packets that the accountant never saw: totals since the capture began.
struct Losses {
  std::optional<std::uint64_t> kernel{};        ///< nothing where nobody can say, as of recordings
  std::optional<std::uint64_t> interface;       ///< the same
  std::optional<std::uint64_t> unseen_bytes{};  ///< the same
};

/// Makes samples of one accountant's table. One thread.
class Teller {
 public:
  Teller(Host& host, std::string interface);

  /// A sample for each row that changed since the last time, one more when it first did not, and one of the capture.
  /// Then rows are evicted if the table is nearly full.
  void tell(Accountant& accountant, const Losses& losses, Timestamp time, Batch& out);

 private:
  void tell_row(Accountant& accountant, Row& row, Timestamp time, Batch& out);
  bool find_series(const Accountant& accountant, Row& row);
  SeriesPtr make_series(const Row& row, bool gateway);

  Host& host_;
  std::string interface_;
  SeriesPtr capture_;
  std::vector<SeriesPtr> others_;  // held from the start, so that there is always room for what has none
  std::uint64_t epoch_;
};

}  // namespace trafficd::pcap_input
