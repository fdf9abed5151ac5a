#pragma once
// The devices that were seen: a bounded table, with what each is called and the series that says so.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "knowledge.hpp"
#include "neighbours.hpp"
#include "resolver.hpp"
#include "vendors.hpp"

namespace trafficd::names {

MeasurementPtr info_measurement();

class Devices {
 public:
  static constexpr std::size_t most_addresses = 8;

  Devices(const Config& config, Host& host);

  /// One tick: who is there now, with which addresses. Names and series follow.
  void update(const Knowledge& knowledge, const std::vector<Neighbour>& neighbours, Resolver& resolver,
              VendorList& vendors);
  /// A sample for each of them.
  void emit(Batch& out) const;
  void clear() { rows_.clear(); }

 private:
  /// A device is its MAC; where no MAC is known, an address that the user's own file names.
  struct Key {
    std::optional<Mac> mac;
    std::optional<Address> address;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Row {
    std::vector<Address> addresses;  // sorted; those of the last time that it was there
    std::string vendor;
    std::uint64_t vendor_generation = 0;  // in which the vendor was looked up
    SteadyTime seen{};
    std::uint64_t round = 0;  // in which it was there
    Tags attributes;
    SeriesPtr series;
  };
  using Rows = std::map<Key, Row>;

  void meet(const Knowledge& knowledge, const std::vector<Neighbour>& neighbours);
  void touch(const Key& key, const std::set<Address>& addresses);
  bool make_room();
  void take_away_claimed(const Key& key, Row& row) const;
  void take_away_claimed();
  void find_vendors(VendorList& vendors);
  static Tags attributes_of(const Key& key, const Row& row, const Knowledge& knowledge, Resolver& resolver);
  void describe(const Key& key, Row& row, const Knowledge& knowledge, Resolver& resolver);

  const Config& config_;
  Host& host_;
  Rows rows_;
  std::map<Address, Mac> owners_;  // of the addresses of those that are there now
  std::uint64_t round_ = 0;
  std::uint64_t refused_ = 0;  // in this round
  Complaint full_, no_vendors_;
  std::atomic<std::uint64_t>&left_out_, &addresses_left_out_, &bad_vendor_records_;
  std::atomic<std::int64_t>& held_;
};

}  // namespace trafficd::names
