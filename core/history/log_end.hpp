#pragma once
// How far a write-ahead log went, and how much of it the database's file has taken over, kept beside them in
// `<database>-end`. SQLite takes a log that was cut short or damaged for one that ends earlier, and says nothing; its
// own index of the log is made anew by whoever opens the database first.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace trafficd {

/// What a file looks like to the system. It differs once somebody has written it, or put another in its place; of an
/// exact copy it does not.
struct FileState {
  std::int64_t size = 0, changed = 0;  ///< bytes; ns since 1970
  friend bool operator==(const FileState&, const FileState&) = default;
};
FileState state_of(const std::filesystem::path& file);

/// Frames are pages as often as they were written to the log; to fold them is to take them over into the file.
struct LogEnd {
  std::array<unsigned char, 8> salt{};  ///< of the log, which changes when it begins anew
  std::uint32_t frames = 0;             ///< up to the last commit
  std::uint32_t begun = 0;              ///< of these, how many the file may have
  std::uint32_t complete = 0;           ///< up to which frame nothing else is in the file, unless more was begun
  std::uint32_t reserved = 0;
  std::int64_t since = 0;  ///< when it began, unix seconds by the machine's clock
  FileState file;          ///< when this was noted
  friend bool operator==(const LogEnd&, const LogEnd&) = default;
};

/// A file that belongs to the database: beside the one that a link leads to, as SQLite has it.
std::filesystem::path beside(const std::filesystem::path& database, const char* tail);

/// Nothing when there is none or it is damaged.
std::optional<LogEnd> read_log_end(const std::filesystem::path& database);
void remove_log_end(const std::filesystem::path& database) noexcept;

/// Open for writing; one thread.
class LogEndFile {
 public:
  explicit LogEndFile(const std::filesystem::path& database);
  ~LogEndFile();
  LogEndFile(const LogEndFile&) = delete;
  LogEndFile& operator=(const LogEndFile&) = delete;

  /// With the state that the database's file has now. Outlives a kill, and is not brought to the disk at once. Where it
  /// cannot be written it goes: an older one could tell something wrong.
  void write(LogEnd end) noexcept;

 private:
  std::filesystem::path database_, file_;
  int fd_;
};

}  // namespace trafficd
