#pragma once
// A folder of a test's own, removed with everything in it when the test ends.

#include <filesystem>
#include <string>
#include <string_view>

namespace trafficd::testing {

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file below the folder, making the folders on the way; answers its path.
  std::filesystem::path write(const std::filesystem::path& name, std::string_view content) const;
  /// Whether nothing has been made in it.
  bool empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::filesystem::path path_;
};

/// The whole content of a file; throws when it cannot be read.
std::string read_file(const std::filesystem::path& path);
/// Writes a file, making the folders on the way; throws when it cannot be written.
void write_file(const std::filesystem::path& path, std::string_view content);

}  // namespace trafficd::testing
