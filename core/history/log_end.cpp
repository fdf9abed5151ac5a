#include "history/log_end.hpp"

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

constexpr std::array<char, 8> magic = {'t', 'r', 'f', 'd', 'e', 'n', 'd', '2'};

/// As it lies in the file, in the byte order of the machine: on another one the checksum is wrong.
struct Stored {
  std::array<char, 8> head = magic;
  LogEnd end;
  std::uint32_t reserved = 0;
  std::uint32_t checksum = 0;
};
static_assert(sizeof(Stored) == 64, "no holes");

std::uint32_t checksum(const Stored& stored) {
  return libdeflate_crc32(0, &stored, sizeof stored - sizeof stored.checksum);
}

std::filesystem::path end_of(const std::filesystem::path& database) { return beside(database, "-end"); }

}  // namespace

FileState state_of(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {found.st_size, found.st_mtim.tv_sec * std::int64_t{1'000'000'000} + found.st_mtim.tv_nsec};
}

std::filesystem::path beside(const std::filesystem::path& database, const char* tail) {
  std::error_code unknown;
  const std::filesystem::path real = std::filesystem::canonical(database, unknown);
  return concat(unknown ? database : real, tail);
}

std::optional<LogEnd> read_log_end(const std::filesystem::path& database) {
  const int fd = ::open(end_of(database).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return {};
  Stored stored;
  const ssize_t size = ::pread(fd, &stored, sizeof stored, 0);
  ::close(fd);
  if (size != static_cast<ssize_t>(sizeof stored) || stored.head != magic || stored.checksum != checksum(stored))
    return {};
  return stored.end;
}

void remove_log_end(const std::filesystem::path& database) noexcept { ::unlink(end_of(database).c_str()); }

LogEndFile::LogEndFile(const std::filesystem::path& database)
    : database_(database),
      file_(end_of(database)),
      fd_(::open(file_.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0644)) {
  if (fd_ >= 0)
    ::fchmod(fd_, 0644);
  else
    ::unlink(file_.c_str());
}

LogEndFile::~LogEndFile() {
  if (fd_ >= 0) ::close(fd_);
}

void LogEndFile::write(LogEnd end) noexcept {
  Stored stored;
  end.file = state_of(database_);
  stored.end = end;
  stored.checksum = checksum(stored);
  if (fd_ < 0 || ::pwrite(fd_, &stored, sizeof stored, 0) == static_cast<ssize_t>(sizeof stored)) return;
  ::unlink(file_.c_str());
  ::close(fd_);
  fd_ = -1;
}

}  // namespace trafficd
