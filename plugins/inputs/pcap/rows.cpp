#include "rows.hpp"

#include "tables.hpp"

namespace trafficd::pcap_input {

Rows::Rows(std::size_t most)
    : most_(most), table_(0, RowHash{{hidden_seed()}, &rows_}, RowEqual{&rows_}), redirected_(0, Hash{hidden_seed()}) {
  rows_.reserve(first_device + most);
  free_.reserve(most);
  table_.reserve(most);
  redirected_.reserve(most_redirected);
  rows_.resize(first_device);
  for (std::size_t i = 0; i < others; ++i) {
    rows_[first_other + i].family = packet::Family{static_cast<std::uint8_t>(i / 3)};
    rows_[first_other + i].scope = Scope{static_cast<std::uint8_t>(i % 3)};
  }
}

Row& Rows::other(packet::Family family, Scope scope) {
  Row& row = rows_[first_other + 3 * static_cast<std::size_t>(family) + static_cast<std::size_t>(scope)];
  row.name = Row::Name::other;
  return row;
}

/// A free row; nullptr when there is none.
Row* Rows::make_row(packet::Family family, Scope scope) {
  if (free_.empty()) {
    if (rows_.size() == first_device + most_) return nullptr;
    rows_.emplace_back();
    free_.push_back(static_cast<std::uint32_t>(rows_.size() - 1));
  }
  Row& row = rows_[free_.back()];
  free_.pop_back();
  row.family = family;
  row.scope = scope;
  return &row;
}

Row& Rows::make_by_hardware(std::uint64_t key) {
  if (redirected_.contains(key)) return rows_[nobody];
  const packet::Family family{static_cast<std::uint8_t>(key >> 48 & 0xf)};
  const Scope scope{static_cast<std::uint8_t>(key >> 52)};
  Row* const row = make_row(family, scope);
  if (row == nullptr) return other(family, scope);
  row->key = key;
  packet::store48(row->device.data(), key);
  row->name = Row::Name::hardware;
  table_.insert(number_of(*row));
  return *row;
}

Row& Rows::by_address(packet::Family family, const std::uint8_t* address, Scope scope) {
  const bool ipv4 = family == packet::Family::ipv4;
  Address wanted{hardware_key(0, family, scope) | by_address_too, {}};
  std::copy_n(address, ipv4 ? 4 : 16, wanted.device.begin());
  if (const auto found = table_.find(wanted); found != table_.end()) return rows_[*found];
  Row* const row = make_row(family, scope);
  if (row == nullptr) return other(family, scope);
  row->key = wanted.key;
  row->device = wanted.device;
  row->name = ipv4 ? Row::Name::ipv4 : Row::Name::ipv6;
  table_.insert(number_of(*row));
  return *row;
}

void Rows::redirect(std::uint64_t key) {
  if (!redirected_.insert(key).second) return;
  const auto found = table_.find(key);
  if (found == table_.end()) return;
  Row& row = rows_[*found];
  table_.erase(found);
  erased_ = true;
  if (row.told != 0) {
    row.evicted = true;
    return;
  }
  rows_[nobody].rx.bytes += row.bytes();
  rows_[nobody].rx.packets += row.packets();
  clear(row);
}

void Rows::fold(Row& row) {
  Row& rest = other(row.family, row.scope);
  if (&rest == &row) return;
  for (const auto way : {&Row::rx, &Row::tx}) {
    (rest.*way).bytes += (row.*way).bytes;
    (rest.*way).packets += (row.*way).packets;
    (rest.*way).last_seen = std::max((rest.*way).last_seen, (row.*way).last_seen);
    row.*way = {};
  }
}

void Rows::evict(Row& row) {
  table_.erase(number_of(row));
  erased_ = true;
  row.evicted = true;
  ++evictions_;
}

void Rows::make_room() {
  std::vector<std::int64_t> seen;
  // One that was not told takes nothing with it only when it has nothing.
  const auto may_go = [](const Row& row) {
    return row.name != Row::Name::other && !row.evicted && (row.told != 0 || row.packets() == 0);
  };
  for_each([&](const Row& row) {
    if (may_go(row)) seen.push_back(row.last_seen());
  });
  const std::size_t wanted = most_ * 3 / 4;
  if (in_use() <= wanted || seen.empty()) return;
  const std::size_t surplus = std::min(in_use() - wanted, seen.size());
  const auto last = seen.begin() + static_cast<std::ptrdiff_t>(surplus - 1);
  std::ranges::nth_element(seen, last);
  std::size_t left = surplus;
  // Those of one second are alike: so many of them as are wanted.
  for (const bool older : {true, false})
    for_each([&](Row& row) {
      if (left == 0 || !may_go(row) || (older ? row.last_seen() >= *last : row.last_seen() != *last)) return;
      evict(row);
      --left;
    });
}

void Rows::clear(Row& row) {
  row = Row{};
  free_.push_back(number_of(row));
}

void Rows::clear_evicted() {
  for_each([&](Row& row) {
    if (row.evicted && row.told == row.packets()) clear(row);
  });
  if (std::exchange(erased_, false)) refresh(table_);
}

}  // namespace trafficd::pcap_input
