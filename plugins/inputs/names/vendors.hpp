#pragma once
// Who made a device: the vendor lists of the IEEE, as Debian's ieee-data brings them. They are large and few of their
// lines are of use here, so they are read through once for all who ask at that time, and not kept.

#include <array>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "address.hpp"
#include "watched_file.hpp"

namespace trafficd::names {

/// A block of addresses, 24, 28 or 36 bits long, that belongs to one vendor.
struct VendorBlock {
  std::uint64_t prefix = 0;  ///< its bits, in the low ones
  int length = 0;            ///< how many
  std::string_view name;     ///< holds only during the call; may need clean_vendor
};

/// Calls `take` for each record of `registry,prefix,name,address` (RFC 4180) whose prefix is one. Pure: any bytes;
/// answers how many records, other than the first, make no sense.
std::uint64_t parse_vendors(std::string_view csv, const std::function<void(const VendorBlock&)>& take);

/// A vendor's name as it can be shown: its first 64 bytes at most, doubled quotes undone.
std::string clean_vendor(std::string_view name);

class VendorList {
 public:
  explicit VendorList(std::filesystem::path folder);

  struct Wanted {
    Mac mac;
    std::string vendor;  ///< the answer; empty when nobody has registered the address
    int length = 0;      ///< of the block that it is from: the longest wins
  };

  /// Goes up when the files have changed, so that all must be asked for anew. One call a tick.
  std::uint64_t generation();
  struct Outcome {
    std::uint64_t bad = 0;  ///< records that make no sense
    bool any = false;       ///< there is a list at all
    std::string trouble;    ///< why one that is there could not be read
  };
  /// Answers all of them in one pass; each is empty before.
  Outcome find(std::span<Wanted> wanted) const;

 private:
  std::array<WatchedFile, 4> files_;
  std::uint64_t generation_ = 0;
};

}  // namespace trafficd::names
