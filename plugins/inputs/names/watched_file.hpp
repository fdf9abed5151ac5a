#pragma once
// A file that others write and that is read again when it has changed. Bounded; a file that is not there is empty.

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

namespace trafficd::names {

class WatchedFile {
 public:
  static constexpr std::size_t most_bytes = 32 * 1024 * 1024;

  explicit WatchedFile(std::filesystem::path path) : path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }

  /// Whether it has changed since the last call, as time, size and inode tell; at the first it has. A change is told
  /// twice: the file may have been written again within the grain of its time stamp.
  bool changed();

  struct Content {
    std::string text;
    std::string error;       ///< why there is none; empty when there is
    bool missing = false;    ///< because there is no such file
    bool too_large = false;  ///< the text is only its beginning
  };
  /// All of it, now. Only regular files are read: others might block.
  Content read() const;

 private:
  std::filesystem::path path_;
  std::array<std::int64_t, 6> signature_{-1};
  bool settled_ = false;
};

}  // namespace trafficd::names
