#include "history/log_check.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

using Bytes = std::span<const unsigned char>;

/// Open for reading; closed at the end.
class File {
 public:
  explicit File(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat found {};
    if (fd_ >= 0 && ::fstat(fd_, &found) == 0 && S_ISREG(found.st_mode))
      size_ = static_cast<std::uint64_t>(found.st_size);
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::uint64_t size() const { return size_; }
  /// False when they are not all there.
  bool read(std::span<unsigned char> into, std::uint64_t from) const {
    return from + into.size() <= size_ &&
           ::pread(fd_, into.data(), into.size(), static_cast<off_t>(from)) == static_cast<ssize_t>(into.size());
  }

 private:
  int fd_;
  std::uint64_t size_ = 0;
};

std::uint32_t big_endian(Bytes bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 | std::uint32_t{bytes[at + 2]} << 8 |
         std::uint32_t{bytes[at + 3]};
}

/// SQLite's checksum over pairs of words.
class Checksum {
 public:
  template <class Word>
  void add(Bytes bytes, const Word& word) {
    for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
      first_ += word(bytes, i) + second_;
      second_ += word(bytes, i + 4) + first_;
    }
  }
  template <class Word>
  bool stands_at(Bytes bytes, std::size_t at, const Word& word) const {
    return word(bytes, at) == first_ && word(bytes, at + 4) == second_;
  }

 private:
  std::uint32_t first_ = 0, second_ = 0;
};

bool is_page_size(std::uint32_t size) { return size >= 512 && size <= 65'536 && (size & (size - 1)) == 0; }

using Salt = decltype(LogEnd::salt);

Salt salt_of(Bytes bytes, std::size_t at) {
  Salt salt{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), salt.size(), salt.begin());
  return salt;
}

/// What the log has: pages, in the order in which they were written, up to the last commit that is whole.
struct Log {
  Salt salt{};
  std::vector<std::uint32_t> pages;
};

/// Nothing when there is not even a whole head.
std::optional<Log> read_log(const std::filesystem::path& file) {
  constexpr std::uint32_t magic = 0x377f0682;
  constexpr std::size_t head_size = 32, frame_head = 24;
  const File log(beside(file, "-wal"));
  std::array<unsigned char, head_size> head{};
  if (!log.read(head, 0)) return {};
  const bool big = big_endian(head, 0) == magic + 1;
  const auto word = [big](Bytes bytes, std::size_t at) {
    return big ? big_endian(bytes, at) : __builtin_bswap32(big_endian(bytes, at));
  };
  const std::uint32_t page_size = big_endian(head, 8);
  Checksum sum;
  sum.add(Bytes(head).first(frame_head), word);
  if ((big_endian(head, 0) & ~1U) != magic || !is_page_size(page_size) || !sum.stands_at(head, frame_head, big_endian))
    return {};
  Log found{salt_of(head, 16), {}};
  std::size_t committed = 0;
  std::vector<unsigned char> frame(frame_head + page_size);
  for (std::uint64_t at = head_size; log.read(frame, at); at += frame.size()) {
    sum.add(Bytes(frame).first(8), word);
    sum.add(Bytes(frame).subspan(frame_head), word);
    if (salt_of(frame, 8) != found.salt || !sum.stands_at(frame, 16, big_endian)) break;
    found.pages.push_back(big_endian(frame, 0));
    if (big_endian(frame, 4) != 0) committed = found.pages.size();
  }
  found.pages.resize(committed);
  return found;
}

/// The size of the file and what it says of itself. Read by SQLite, which knows when it may be closed: another handle
/// that is closed lets go of the locks of this process.
struct Head {
  std::uint64_t size = 0;
  std::array<unsigned char, 100> bytes{};
};

std::optional<Head> read_head(const std::filesystem::path& path) {
  sqlite3* connection = nullptr;
  sqlite3_file* file = nullptr;
  Head head;
  sqlite3_int64 size = 0;
  const bool read =
      sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr) == SQLITE_OK &&
      sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file != nullptr &&
      file->pMethods != nullptr && file->pMethods->xFileSize(file, &size) == SQLITE_OK &&
      file->pMethods->xRead(file, head.bytes.data(), static_cast<int>(head.bytes.size()), 0) == SQLITE_OK;
  sqlite3_close(connection);
  head.size = static_cast<std::uint64_t>(size);
  return read ? std::optional(head) : std::nullopt;
}

/// Pages that are missing at the end of the file are in the log as long as the file has not taken them over.
bool is_cut(const std::filesystem::path& file, std::uint32_t application_id, const std::vector<std::uint32_t>& logged) {
  constexpr std::size_t changes_at = 24, pages_at = 28, id_at = 68, valid_for_at = 92;
  constexpr std::uint64_t lock_place = 0x40000000;  // the page there is never written
  // A change that was broken off without a log; SQLite takes it back.
  if (File(beside(file, "-journal")).size() > 0) return false;
  const std::optional<Head> found = read_head(file);
  if (!found || big_endian(found->bytes, id_at) != application_id) return false;
  const auto& head = found->bytes;
  const std::uint32_t size = std::uint32_t{head[16]} << 8 | head[17], page_size = size == 1 ? 65'536 : size;
  if (!is_page_size(page_size) || big_endian(head, changes_at) != big_endian(head, valid_for_at)) return false;
  const std::uint64_t wanted = big_endian(head, pages_at), there = found->size / page_size;
  if (there >= wanted) return false;
  std::vector<std::uint64_t> beyond;
  if (const std::uint64_t lock = lock_place / page_size + 1; there < lock && lock <= wanted) beyond.push_back(lock);
  std::copy_if(logged.begin(), logged.end(), std::back_inserter(beyond),
               [&](std::uint32_t page) { return page > there && page <= wanted; });
  std::sort(beyond.begin(), beyond.end());
  const auto end = std::unique(beyond.begin(), beyond.end());
  return static_cast<std::uint64_t>(end - beyond.begin()) < wanted - there;
}

/// There is no log: it was lost, or whoever had the database open last has folded and removed it, or the file is
/// another one, of a backup.
LogCheck judge_missing_log(const std::filesystem::path& file, const LogEnd& end) {
  using enum LogCheck::State;
  if (end.complete == end.frames || state_of(file) != end.file) return {};
  // A fold that was only begun has changed nothing yet, or the file would not be as it was.
  const bool half = end.begun != end.complete && end.begun < end.frames;
  return {half ? mixed : shorter, end.frames, 0, end.frames - end.complete, end.since};
}

LogCheck look(const std::filesystem::path& file, std::uint32_t application_id) {
  using enum LogCheck::State;
  const std::optional<LogEnd> end = read_log_end(file);
  const std::optional<Log> log = read_log(file);
  const std::vector<std::uint32_t> logged = log ? log->pages : std::vector<std::uint32_t>{};
  if (is_cut(file, application_id, logged)) return {.state = file_cut};
  const auto left = static_cast<std::uint32_t>(logged.size());
  if (!end || left >= end->frames || (log && log->salt != end->salt)) return {};
  if (!log) return judge_missing_log(file, *end);
  if (end->begun <= left) return {shorter, end->frames, left, end->frames - left, end->since};
  return {end->begun == end->complete ? outdated : mixed, end->frames, left, end->frames - end->complete, end->since};
}

}  // namespace

LogCheck check_log(const std::filesystem::path& file, std::uint32_t application_id) {
  constexpr int most_looks = 8;
  LogCheck before = look(file, application_id);
  for (int looks = 1; looks < most_looks && before.state != LogCheck::State::whole; ++looks) {
    const LogCheck found = look(file, application_id);
    if (found == before) return found;
    before = found;
  }
  return {};
}

bool drop_log(const std::filesystem::path& file) {
  std::error_code error;
  for (const char* tail : {"-wal", "-shm"}) {
    std::filesystem::remove(beside(file, tail), error);
    if (error) return false;
  }
  return true;
}

}  // namespace trafficd
