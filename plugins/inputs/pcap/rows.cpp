#include "rows.hpp"

#include "tables.hpp"

namespace trafficd::pcap_input {

Rows::Rows(std::size_t most)
    : most_(most),
      by_hardware_(0, Hash{hidden_seed()}),
      by_address_(0, AddressHash{{hidden_seed()}, &rows_}, AddressEqual{&rows_}) {
  rows_.reserve(first_device + most);
  free_.reserve(most);
  rows_.resize(first_device);
  for (std::size_t i = 0; i < others; ++i) {
    rows_[first_other + i].family = packet::Family{static_cast<std::uint8_t>(i / 3)};
    rows_[first_other + i].scope = Scope{static_cast<std::uint8_t>(i % 3)};
  }
}

void Rows::take_memory(bool hardware) {
  if (hardware)
    by_hardware_.reserve(most_ + most_redirected);
  else
    by_address_.reserve(most_);
}

AddressKey Rows::key_of(packet::Family family, const std::uint8_t* address, Scope scope) {
  AddressKey key;
  if (family == packet::Family::ipv4) {
    key.first = packet::load<std::uint32_t>(address);
  } else {
    key.first = packet::load<std::uint64_t>(address);
    key.second = packet::load<std::uint64_t>(address + 8);
  }
  key.rest = static_cast<std::uint8_t>(static_cast<unsigned>(family) << 4 | static_cast<unsigned>(scope));
  return key;
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
  const packet::Family family{static_cast<std::uint8_t>(key >> 48 & 0xf)};
  const Scope scope{static_cast<std::uint8_t>(key >> 52)};
  Row* const row = make_row(family, scope);
  if (row == nullptr) return other(family, scope);
  packet::store48(row->device.data(), key);
  row->name = Row::Name::hardware;
  by_hardware_.emplace(key, static_cast<std::uint32_t>(row - rows_.data()));
  return *row;
}

Row& Rows::by_address(packet::Family family, const std::uint8_t* address, Scope scope) {
  if (const auto found = by_address_.find(key_of(family, address, scope)); found != by_address_.end())
    return rows_[*found];
  Row* const row = make_row(family, scope);
  if (row == nullptr) return other(family, scope);
  const bool ipv4 = family == packet::Family::ipv4;
  row->device = {};
  std::copy_n(address, ipv4 ? 4 : 16, row->device.begin());
  row->name = ipv4 ? Row::Name::ipv4 : Row::Name::ipv6;
  by_address_.insert(static_cast<std::uint32_t>(row - rows_.data()));
  return *row;
}

void Rows::redirect(std::uint64_t key) {
  const auto [place, made] = by_hardware_.try_emplace(key, nobody);
  if (!made && place->second == nobody) return;
  ++redirected_;
  if (made) return;
  Row& row = rows_[place->second];
  place->second = nobody;
  if (row.told != 0) {
    row.evicted = true;
    return;
  }
  rows_[nobody].rx.bytes += row.bytes();
  rows_[nobody].rx.packets += row.packets();
  clear(row);
}

void Rows::end_redirect(std::uint64_t key) {
  const auto found = by_hardware_.find(key);
  if (found == by_hardware_.end() || found->second != nobody) return;
  by_hardware_.erase(found);
  erased_ = true;
  --redirected_;
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
  if (row.name == Row::Name::hardware)
    by_hardware_.erase(hardware_key(packet::load48(row.device.data()), row.family, row.scope));
  else
    by_address_.erase(static_cast<std::uint32_t>(&row - rows_.data()));
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
  free_.push_back(static_cast<std::uint32_t>(&row - rows_.data()));
}

void Rows::clear_evicted() {
  for_each([&](Row& row) {
    if (row.evicted && row.told == row.packets()) clear(row);
  });
  if (!std::exchange(erased_, false)) return;
  refresh(by_hardware_);
  refresh(by_address_);
}

}  // namespace trafficd::pcap_input
