#pragma once
// The bounded table of what was counted: a row for each device, family and scope. All memory is taken at once, and
// nothing is allocated when a packet is booked.

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <vector>

#include "packet/frame.hpp"
#include "trafficd/series.hpp"

namespace trafficd::pcap_input {

enum class Scope : std::uint8_t { internet, local, multicast };

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

/// What a packet needs of its row stands in the first line of memory.
struct alignas(64) Row {
  std::uint64_t key = 0;  ///< of whom it is, as `Rows` finds it
  Way rx, tx;
  std::uint64_t told = 0;   ///< packets when it was told last to somebody who heard it
  std::uint64_t epoch = 0;  ///< 0: not told to anybody yet
  std::array<std::uint8_t, 16> device{};
  SeriesPtr series;
  packet::Family family = packet::Family::other;
  Scope scope = Scope::internet;
  enum class Name : std::uint8_t { free, hardware, ipv4, ipv6, other } name = Name::free;
  bool evicted = false;              ///< nobody books here any more; told once more, then free
  bool rests = false;                ///< told without a change
  bool gateway = false;              ///< as its series says
  std::uint32_t gateways_known = 0;  ///< how often gateways had changed when it was looked at

  std::uint64_t packets() const { return rx.packets + tx.packets; }
  std::uint64_t bytes() const { return rx.bytes + tx.bytes; }
  std::int64_t last_seen() const { return std::max(rx.last_seen, tx.last_seen); }
};
static_assert(sizeof(Row) == 128, "the memory of a table is told to users");

/// One thread.
class Rows {
 public:
  /// Takes all memory, for so many rows of devices; `other` and what belongs to none stand beside them.
  explicit Rows(std::size_t most);
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  /// So many keys may be redirected.
  static constexpr std::size_t most_redirected = 1024;

  /// `address` are the six bytes of a hardware address, as loaded from two bytes more or fewer.
  static std::uint64_t hardware_key(std::uint64_t address, packet::Family family, Scope scope) {
    return address | std::uint64_t{static_cast<std::uint8_t>(family)} << 48 |
           std::uint64_t{static_cast<std::uint8_t>(scope)} << 52;
  }
  Row& by_hardware(std::uint64_t key) {
    const auto found = table_.find(key);
    return found != table_.end() ? rows_[*found] : make_by_hardware(key);
  }
  Row& by_address(packet::Family family, const std::uint8_t* address, Scope scope);

  /// From now on what is booked under this key goes to `sink()`. A row that nobody was told of is moved there, one that
  /// somebody knows stays as it is and is told once more.
  void redirect(std::uint64_t key);
  void end_redirects() { redirected_.clear(); }
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
  std::size_t in_use() const { return table_.size(); }
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
  /// On links without hardware addresses.
  struct Address {
    std::uint64_t key;
    std::array<std::uint8_t, 16> device;
  };
  static constexpr std::uint64_t by_address_too = std::uint64_t{1} << 56;
  /// The table holds the numbers of rows and looks into these: what it finds there is needed next.
  struct RowHash {
    using is_avalanching = void;
    using is_transparent = void;
    Hash hash;
    const std::vector<Row>* rows;
    std::size_t operator()(std::uint64_t hardware) const { return hash(hardware); }
    std::size_t operator()(const Address& address) const { return of(address.key, address.device); }
    std::size_t operator()(std::uint32_t row) const { return of((*rows)[row].key, (*rows)[row].device); }
    std::size_t of(std::uint64_t key, const std::array<std::uint8_t, 16>& device) const {
      if ((key & by_address_too) == 0) return hash(key);
      return hash(hash(key ^ packet::load<std::uint64_t>(device.data())) ^
                  packet::load<std::uint64_t>(device.data() + 8));
    }
  };
  struct RowEqual {
    using is_transparent = void;
    const std::vector<Row>* rows;
    bool operator()(std::uint32_t left, std::uint32_t right) const { return left == right; }
    bool operator()(std::uint64_t hardware, std::uint32_t row) const { return (*rows)[row].key == hardware; }
    bool operator()(const Address& address, std::uint32_t row) const {
      return (*rows)[row].key == address.key && (*rows)[row].device == address.device;
    }
    template <class Key>
    bool operator()(std::uint32_t row, const Key& key) const {
      return (*this)(key, row);
    }
  };

  static constexpr std::size_t nobody = 0, first_other = 1, others = 9, first_device = first_other + others;

  Row& make_by_hardware(std::uint64_t key);
  Row* make_row(packet::Family family, Scope scope);
  std::uint32_t number_of(const Row& row) const { return static_cast<std::uint32_t>(&row - rows_.data()); }
  Row& other(packet::Family family, Scope scope);
  void evict(Row& row);
  void clear(Row& row);

  std::size_t most_;
  std::vector<Row> rows_;
  boost::unordered_flat_set<std::uint32_t, RowHash, RowEqual> table_;
  boost::unordered_flat_set<std::uint64_t, Hash> redirected_;
  std::vector<std::uint32_t> free_;
  bool erased_ = false;  // the table takes fewer than it could
  std::uint64_t evictions_ = 0;
};

}  // namespace trafficd::pcap_input
