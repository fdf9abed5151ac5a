#pragma once
// The bounded table of what was counted: a row for each device, family and scope. All memory is taken at once, and
// nothing is allocated when a packet is booked.

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <vector>

#include "packet/frame.hpp"
#include "trafficd/series.hpp"

namespace trafficd::pcap_input {

enum class Scope : std::uint8_t { internet, local, multicast };

/// A device by its address, on links without hardware addresses, with family and scope.
struct AddressKey {
  std::uint64_t first = 0, second = 0;
  std::uint8_t rest = 0;  // family and scope
  friend bool operator==(const AddressKey&, const AddressKey&) = default;
};

/// What went one way.
struct Way {
  std::uint64_t bytes = 0, packets = 0;
  std::int64_t last_seen = 0;  ///< unix seconds

  void add(std::int64_t seconds, std::uint32_t length) {
    bytes += length;
    ++packets;
    last_seen = seconds;
  }
};

struct Row {
  Way rx, tx;
  std::uint64_t epoch = 0;  ///< 0: not told to anybody yet
  std::uint64_t told = 0;   ///< packets when it was told last to somebody who heard it
  std::array<std::uint8_t, 16> device{};
  SeriesPtr series;
  packet::Family family = packet::Family::other;
  Scope scope = Scope::internet;
  enum class Name : std::uint8_t { free, hardware, ipv4, ipv6, other } name = Name::free;
  bool evicted : 1 = false;          ///< nobody books here any more; told once more, then free
  bool rests : 1 = false;            ///< told without a change
  bool gateway : 1 = false;          ///< as its series says
  std::uint32_t gateways_known = 0;  ///< how often gateways had changed when it was looked at

  std::uint64_t packets() const { return rx.packets + tx.packets; }
  std::uint64_t bytes() const { return rx.bytes + tx.bytes; }
  std::int64_t last_seen() const { return std::max(rx.last_seen, tx.last_seen); }
};

static_assert(sizeof(Row) == 104, "the memory of a table is told to users");

/// One thread.
class Rows {
 public:
  /// Room for so many rows of devices; `other` and what belongs to none stand beside them.
  explicit Rows(std::size_t most);
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  /// Before the first packet: the memory for keys of this kind.
  void take_memory(bool hardware);

  /// So many keys may be redirected.
  static constexpr std::size_t most_redirected = 1024;

  /// `address` are the six bytes of a hardware address, as loaded from two bytes more or fewer.
  static std::uint64_t hardware_key(std::uint64_t address, packet::Family family, Scope scope) {
    return address | std::uint64_t{static_cast<std::uint8_t>(family)} << 48 |
           std::uint64_t{static_cast<std::uint8_t>(scope)} << 52;
  }
  Row& by_hardware(std::uint64_t key) {
    const auto found = by_hardware_.find(key);
    return found != by_hardware_.end() ? rows_[found->second] : make_by_hardware(key);
  }
  Row& by_address(packet::Family family, const std::uint8_t* address, Scope scope);

  /// From now on what is booked under this key goes to `sink()`. A row that nobody was told of is moved there, one that
  /// somebody knows stays as it is and is told once more.
  void redirect(std::uint64_t key);
  void end_redirect(std::uint64_t key);
  /// Bytes that belong to no device.
  const Row& sink() const { return rows_[0]; }

  /// Moves what a row that nobody was told of has counted to `other`; of `other` itself it stays there.
  void fold(Row& row);
  /// Makes room: of rows that were told, those whose last packet is longest ago are evicted until a quarter is free.
  void make_room();
  /// Gives back the evicted rows of which all was told.
  void clear_evicted();

  /// All rows in use: those of devices, and then `other`, but not the sink.
  template <class Function>
  void for_each(Function&& function) {
    for (std::size_t i = first_device; i < rows_.size(); ++i)
      if (rows_[i].name != Row::Name::free) function(rows_[i]);
    for (std::size_t i = first_other; i < first_device; ++i)
      if (rows_[i].name != Row::Name::free) function(rows_[i]);
  }
  std::size_t in_use() const { return by_hardware_.size() + by_address_.size() - redirected_; }
  bool nearly_full() const { return in_use() * 8 > most_ * 7; }
  std::uint64_t evictions() const { return evictions_; }

 private:
  /// Seeded, so that nobody outside can choose addresses that all meet in one place. The upper half of a product
  /// depends on all bits; the table looks at both ends.
  struct Hash {
    using is_avalanching = void;
    std::uint64_t seed;
    std::size_t operator()(std::uint64_t key) const {
      const std::uint64_t product = (key ^ seed) * 0x9e3779b97f4a7c15U;
      return product ^ product >> 32;
    }
  };
  /// Rows by what is written in them, so that a key of 17 bytes takes no room beside its row.
  struct AddressHash {
    using is_avalanching = void;
    using is_transparent = void;
    Hash hash;
    const std::vector<Row>* rows;
    std::size_t operator()(const AddressKey& key) const {
      return hash(hash(key.first) ^ key.second ^ std::uint64_t{key.rest} << 56);
    }
    std::size_t operator()(std::uint32_t row) const { return (*this)(key_of((*rows)[row])); }
  };
  struct AddressEqual {
    using is_transparent = void;
    const std::vector<Row>* rows;
    bool operator()(std::uint32_t left, std::uint32_t right) const { return left == right; }
    bool operator()(const AddressKey& key, std::uint32_t row) const { return key == key_of((*rows)[row]); }
    bool operator()(std::uint32_t row, const AddressKey& key) const { return (*this)(key, row); }
  };

  static constexpr std::size_t nobody = 0, first_other = 1, others = 9, first_device = first_other + others;

  static AddressKey key_of(packet::Family family, const std::uint8_t* address, Scope scope);
  static AddressKey key_of(const Row& row) { return key_of(row.family, row.device.data(), row.scope); }
  Row& make_by_hardware(std::uint64_t key);
  Row* make_row(packet::Family family, Scope scope);
  Row& other(packet::Family family, Scope scope);
  void evict(Row& row);
  void clear(Row& row);

  std::size_t most_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, Hash> by_hardware_;
  std::vector<Row> rows_;
  boost::unordered_flat_set<std::uint32_t, AddressHash, AddressEqual> by_address_;
  std::vector<std::uint32_t> free_;
  std::size_t redirected_ = 0;
  bool erased_ = false;  // so a table grows earlier than it should
  std::uint64_t evictions_ = 0;
};

}  // namespace trafficd::pcap_input
