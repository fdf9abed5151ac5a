#pragma once
// One interface's folder in sysfs. The kernel ties an open folder or file to the device, not to its name: after the
// device is gone they answer so, even when another one has taken the name. So an open folder never mixes two up.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "file_handle.hpp"
#include "link_counters.hpp"

namespace trafficd::interface {

struct LinkReading {
  bool gone = false;           ///< the device is no longer there
  std::size_t unreadable = 0;  ///< how many files held something that is not a number
  LinkCounters counters;
};

class LinkFolder {
 public:
  /// False when there is no such folder.
  bool open(const std::filesystem::path& path);
  void close();
  bool is_open() const { return static_cast<bool>(folder_); }

  /// The interface index; 0 when it cannot be read.
  int index() const;
  bool loopback() const;
  /// In bit/s, where the device knows. Some drivers ask the hardware: not to be called at every tick.
  std::optional<std::uint64_t> speed() const;
  /// 1 or 0; absent when the device does not say.
  Value up() const;
  /// The first `count` counters. Keeps the files open for the next time: a fifth of the cost.
  LinkReading read(std::size_t count);

 private:
  FileHandle folder_;
  std::vector<FileHandle> statistics_;  // in the order of link_counters; an empty handle: not opened, or not there
};

/// At most the first 64 KiB of a file; nothing when it cannot be read.
std::optional<std::string> read_start(const std::filesystem::path& path);

/// The same of a file with one line, without its end; empty when it cannot be read.
std::string read_line(const std::filesystem::path& path);

/// A number alone, white space after it allowed.
template <class Number>
std::optional<Number> parse_number(std::string_view text);

}  // namespace trafficd::interface
