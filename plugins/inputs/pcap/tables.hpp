#pragma once
// What the tables of the packet path have in common.

#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace trafficd::pcap_input {

/// For hashes, so that nobody outside can choose what meets in one place. Not out of the numbers of epochs: those are
/// told.
inline std::uint64_t hidden_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

/// With each erasure, a boost::unordered_flat_map or _set grows the earlier. Afterwards it takes as many again as when
/// its memory was reserved. Not on the packet path.
template <class Table>
void refresh(Table& table) {
  std::vector<typename Table::init_type> kept(table.begin(), table.end());
  table.clear();
  for (const auto& each : kept) table.insert(each);
}

}  // namespace trafficd::pcap_input
