#pragma once
// A disk that is soon full, for tests of what happens then. Needs the right to mount.

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace trafficd::testing {

/// A file system of 256 KiB, where we may mount one.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path where) : path_(std::move(where)) {
    std::filesystem::create_directories(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=256k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  const std::filesystem::path& path() const { return path_; }
  bool read_only() const { return ::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0; }
  bool writable() const { return ::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT, "size=256k") == 0; }

  /// Leaves no byte free.
  void fill() const {
    const int ballast = ::open((path_ / "ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    const std::string block(4'096, 'x');
    while (::write(ballast, block.data(), block.size()) > 0) {
    }
    ::close(ballast);
  }
  void free() const { std::filesystem::remove(path_ / "ballast"); }

 private:
  const std::filesystem::path path_;
  bool mounted_ = false;
};

}  // namespace trafficd::testing
