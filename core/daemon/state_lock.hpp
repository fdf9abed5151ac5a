#pragma once
// One daemon a state folder: two that write the same files would count everything twice.

#include <filesystem>

#include "trafficd/status.hpp"

namespace trafficd {

/// Holds `trafficd.lock` in the folder as long as it lives; the kernel lets go of it when the process ends, however it
/// ends.
class StateLock {
 public:
  StateLock() = default;
  ~StateLock();
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

  /// Fails when another process holds it, and says which.
  Status take(const std::filesystem::path& folder);

 private:
  int folder_ = -1, file_ = -1;
};

}  // namespace trafficd
