#pragma once
// The samples that a receiver will never accept, set aside for a person to look at: a small text file, never read by
// us.

#include <filesystem>
#include <span>
#include <string_view>

#include "trafficd/sample.hpp"

namespace trafficd {

/// `<path>` and, when that is full, `<path>.1` for what was in it: together never more than `max_size`. Made when the
/// first sample is rejected. One thread.
class RejectsFile {
 public:
  static constexpr std::size_t max_size = 1024 * 1024;

  explicit RejectsFile(std::filesystem::path path) : path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }

  /// Adds a comment with time and reason, then the samples in text form. Fails when they could not be set aside.
  Status add(Timestamp now, std::string_view reason, std::span<const Sample* const> samples);

 private:
  const std::filesystem::path path_;
};

}  // namespace trafficd
