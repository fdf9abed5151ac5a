#pragma once
// What was heard of each device: its attributes, in memory and in the state. Bounded.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "trafficd/plugin.hpp"

namespace trafficd::name {

/// Shared with those who remember what they made of it: another version says that it has changed.
struct Device {
  Tags attributes;  ///< the wanted ones, sorted; empty once the device is forgotten
  std::uint64_t version = 1;
  SteadyTime heard{};
  SteadyTime kept{};  ///< when it was heard of as its record in the state says
  SeriesPtr info;     ///< the last that told of it, remembered without being held
};
using DevicePtr = std::shared_ptr<Device>;

class KnownDevices {
 public:
  /// `wanted` are the attributes that are kept.
  KnownDevices(std::vector<std::string> wanted, std::size_t most, Host& host);

  /// From the state; what is no record there goes.
  void open();
  void close();

  /// Takes what an info sample says of a device. What it does not say stays as it was.
  void hear(const Series& info);
  /// Nullptr when nothing is known of it.
  DevicePtr find(std::string_view device) const;
  /// Goes up when a device becomes known.
  std::uint64_t arrivals() const { return arrivals_; }
  /// Forgets who has not been heard of for so long; a restart in between does not count as a word.
  void forget(Duration silence);

 private:
  Tags wanted_of(const Series& series);
  void keep(const std::string& id, Device& device);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  const std::vector<std::string> wanted_;
  const std::size_t most_;
  Host& host_;
  std::unordered_map<std::string, DevicePtr, Hash, std::equal_to<>> devices_;
  std::uint64_t arrivals_ = 0;
  Complaint full_;
  std::atomic<std::uint64_t>&left_out_, &refused_, &renames_;
  std::atomic<std::int64_t>& held_;
};

}  // namespace trafficd::name
