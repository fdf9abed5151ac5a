#include "devices.hpp"

#include <algorithm>

namespace trafficd::names {

MeasurementPtr info_measurement() {
  static const MeasurementPtr made =
      make_measurement("device_info", "What a device is called: its name, vendor and addresses, as attributes.",
                       {{"info", Kind::gauge, "1", "Always 1; the attributes tell."}}, {"device"});
  return made;
}

Devices::Devices(const Config& config, Host& host)
    : config_(config),
      host_(host),
      full_(host.log(), host.clock()),
      no_vendors_(host.log(), host.clock()),
      left_out_(host.meter().counter("devices_left_out")),
      addresses_left_out_(host.meter().counter("addresses_left_out")),
      bad_vendor_records_(host.meter().counter("bad_vendor_records")),
      held_(host.meter().gauge("devices")) {}

void Devices::update(const Knowledge& knowledge, const std::vector<Neighbour>& neighbours, Resolver& resolver,
                     VendorList& vendors) {
  ++round_;
  refused_ = 0;
  meet(knowledge, neighbours);
  const SteadyTime now = host_.clock().steady();
  std::erase_if(rows_, [&](const auto& item) { return now - item.second.seen > config_.forget; });
  take_away_claimed();
  find_vendors(vendors);
  // What is over 'max_series' counts as well: it goes before any is asked for, or it would mute those that have room.
  for (auto& [key, row] : rows_)
    if (row.series && row.series->muted()) row.series.reset();
  for (auto& [key, row] : rows_) describe(key, row, knowledge, resolver);
  resolver.ask_due();
  held_.store(static_cast<std::int64_t>(rows_.size()), std::memory_order_relaxed);
  left_out_.fetch_add(refused_, std::memory_order_relaxed);
  if (refused_ > 0)
    full_.complain(Level::warning, concat(refused_, " devices beyond 'max_devices' (", config_.max_devices,
                                          ") are left out; raise it if so many are right"));
  else
    full_.resolve("there is room for all devices again");
}

void Devices::meet(const Knowledge& knowledge, const std::vector<Neighbour>& neighbours) {
  std::map<Mac, std::set<Address>> addresses;
  std::vector<Key> order;
  const auto add = [&](Mac mac, const std::optional<Address>& address) {
    const auto [found, fresh] = addresses.try_emplace(mac);
    if (fresh) order.push_back({.mac = mac, .address = {}});
    if (address && address->tells()) found->second.insert(*address);
  };
  std::set<Address> alone;
  for (const Entry& entry : knowledge.devices()) {
    if (entry.mac) add(*entry.mac, entry.address);
    if (!entry.mac && entry.address) alone.insert(*entry.address);
  }
  for (const Neighbour& neighbour : neighbours) add(neighbour.mac, neighbour.address);
  owners_.clear();
  for (const auto& [mac, all] : addresses)
    for (const Address& address : all) owners_[address] = mac;
  for (const Address& address : alone)
    if (!owners_.contains(address)) touch({.mac = {}, .address = address}, {address});
  for (const Key& key : order) touch(key, addresses[*key.mac]);
}

void Devices::touch(const Key& key, const std::set<Address>& addresses) {
  auto found = rows_.find(key);
  if (found == rows_.end()) {
    if (rows_.size() >= static_cast<std::size_t>(config_.max_devices) && !make_room()) {
      ++refused_;
      return;
    }
    found = rows_.try_emplace(key).first;
  }
  Row& row = found->second;
  row.seen = host_.clock().steady();
  row.round = round_;
  if (addresses.size() > most_addresses)
    addresses_left_out_.fetch_add(addresses.size() - most_addresses, std::memory_order_relaxed);
  // A neighbour entry comes and goes; a device that has only lost its addresses keeps the last ones.
  if (addresses.empty()) return take_away_claimed(key, row);
  const auto end =
      std::next(addresses.begin(), static_cast<std::ptrdiff_t>(std::min(addresses.size(), most_addresses)));
  row.addresses.assign(addresses.begin(), end);
}

/// Who was there last longest ago has to go; false when all are there now.
bool Devices::make_room() {
  if (refused_ > 0) return false;
  const auto oldest =
      std::ranges::min_element(rows_, {}, [](const auto& item) { return std::pair(item.second.seen, item.first); });
  // Those that are still to be met in this round were there in the one before.
  if (oldest == rows_.end() || oldest->second.round + 1 >= round_) return false;
  rows_.erase(oldest);
  return true;
}

/// What another one has now is no longer an address of this one, who had it last.
void Devices::take_away_claimed(const Key& key, Row& row) const {
  std::erase_if(row.addresses, [&](const Address& address) {
    const auto owner = owners_.find(address);
    return owner != owners_.end() && owner->second != key.mac;
  });
}

void Devices::take_away_claimed() {
  for (auto& [key, row] : rows_)
    if (row.round != round_) take_away_claimed(key, row);
  std::erase_if(rows_, [](const auto& item) { return !item.first.mac && item.second.addresses.empty(); });
}

void Devices::find_vendors(VendorList& vendors) {
  if (config_.vendors.empty()) return;
  const std::uint64_t generation = vendors.generation();
  std::vector<VendorList::Wanted> wanted;
  std::vector<Row*> rows;
  for (auto& [key, row] : rows_) {
    if (!key.mac || key.mac->local() || row.vendor_generation == generation) continue;
    wanted.push_back({.mac = *key.mac, .vendor = {}});
    rows.push_back(&row);
  }
  if (wanted.empty()) return;
  VendorList::Outcome outcome = vendors.find(wanted);
  bad_vendor_records_.fetch_add(outcome.bad, std::memory_order_relaxed);
  // Debian's own folder need not be there; one that was named must.
  if (!outcome.any && config_.vendors != Config{}.vendors)
    outcome.trouble =
        concat("there is no vendor list in '", config_.vendors, "'; install ieee-data or correct 'vendors'");
  if (outcome.trouble.empty())
    no_vendors_.resolve("the vendor lists can be read");
  else
    no_vendors_.complain(Level::warning, outcome.trouble);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i]->vendor = std::move(wanted[i].vendor);
    rows[i]->vendor_generation = generation;
  }
}

Tags Devices::attributes_of(const Key& key, const Row& row, const Knowledge& knowledge, Resolver& resolver) {
  Name name = knowledge.name_of(key.mac, row.addresses);
  for (const Address& address : row.addresses) {
    if (!name.text.empty()) break;
    name.text = resolver.name_of(address);
    if (!name.text.empty()) name.source = "dns";
  }
  Tags attributes;
  std::string addresses;
  for (const Address& address : row.addresses) addresses += (addresses.empty() ? "" : ",") + format_address(address);
  if (!addresses.empty()) attributes.push_back({"addresses", std::move(addresses)});
  if (!name.text.empty()) {
    attributes.push_back({"name", std::string(name.text)});
    attributes.push_back({"name_source", std::string(name.source)});
  }
  if (key.mac && key.mac->local()) attributes.push_back({"randomised", "yes"});
  if (!row.vendor.empty()) attributes.push_back({"vendor", row.vendor});
  return attributes;
}

void Devices::describe(const Key& key, Row& row, const Knowledge& knowledge, Resolver& resolver) {
  // One that is not there keeps what it was called: its addresses may soon be another's.
  Tags attributes = row.round == round_ ? attributes_of(key, row, knowledge, resolver) : row.attributes;
  if (row.series && attributes == row.attributes) return;
  row.series.reset();  // it counts, so it goes before the next one is asked for
  row.series = host_.series(info_measurement(),
                            {{"device", key.mac ? format_mac(*key.mac) : format_address(*key.address)}}, attributes);
  row.attributes = std::move(attributes);
}

void Devices::emit(Batch& out) const {
  const Timestamp now = host_.clock().now();
  for (const auto& [key, row] : rows_)
    if (row.series) out.push_back({.series = row.series, .time = now, .epoch = 0, .values = {1}});
}

}  // namespace trafficd::names
