#include "engine/spool/segments.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "engine/spool/block.hpp"
#include "trafficd/units.hpp"

namespace trafficd::spool {

namespace {

namespace fs = std::filesystem;

// A file that claims to be bigger is damaged: none of ours comes near.
constexpr std::uint64_t most_file = 16 * 1024 * 1024;
constexpr const char* damaged_suffix = ".damaged";
constexpr std::size_t most_kept = 4;
constexpr std::uint64_t most_number = std::uint64_t{1} << 62;

Status failed(std::string_view what, const fs::path& path, int error) {
  std::string_view advice;
  if (error == ENOSPC || error == EDQUOT) advice = "; free some space";
  if (error == EROFS || error == EACCES || error == EPERM) advice = "; make the folder and its files writable";
  if (error == ENOTDIR || error == EEXIST) advice = "; move away what stands in its place";
  return Status::retry(concat("cannot ", what, " ", path, ": ", std::generic_category().message(error), advice));
}

/// Where the bytes went that were written; short of `bytes.size()` when `errno` tells why not.
bool write_all(int fd, std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written == 0) errno = ENOSPC;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return true;
}

std::optional<Segment> parse_name(std::string_view name) {
  Segment segment;
  const char* end = name.data() + name.size();
  const auto first = std::from_chars(name.data(), end, segment.first);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto last = std::from_chars(first.ptr + 1, end, segment.last);
  if (last.ec != std::errc{} || std::string_view(last.ptr, end) != ".seg" || segment.last < segment.first)
    return std::nullopt;
  return segment;
}

}  // namespace

Segments::Segments(fs::path folder, std::uint64_t segment_size)
    : folder_(std::move(folder)), segment_size_(segment_size) {}

Segments::~Segments() { close_newest(); }

fs::path Segments::path(const Segment& segment) const {
  char name[64];
  std::snprintf(name, sizeof name, "%010llu-%010llu.seg", static_cast<unsigned long long>(segment.first),
                static_cast<unsigned long long>(segment.last));
  return folder_ / name;
}

Status Segments::open() {
  std::error_code error;
  std::vector<Segment> found;
  std::vector<fs::path> aside;
  for (auto it = fs::directory_iterator(folder_, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    std::error_code ignored;
    if (it->path().extension() == ".tmp") fs::remove(it->path(), ignored);
    if (it->path().extension() == damaged_suffix && it->file_size(ignored) <= most_file) aside.push_back(it->path());
    auto segment = parse_name(it->path().filename().native());
    // A copy under another spelling of the name is none of ours.
    if (!segment || segment->last >= most_number || path(*segment) != it->path()) continue;
    segment->size = it->file_size(ignored);
    if (ignored) continue;
    if (segment->size <= most_file)
      found.push_back(*segment);
    else if (fs::rename(it->path(), it->path().native() + damaged_suffix, ignored); !ignored)
      ++oversized_;
  }
  if (error && error != std::errc::no_such_file_or_directory) return failed("read", folder_, error.value());
  std::ranges::sort(aside);
  for (fs::path& file : aside) keep_aside(std::move(file));
  std::ranges::sort(found, [](const Segment& a, const Segment& b) {
    return a.first != b.first ? a.first < b.first : a.last > b.last;
  });
  list_.clear();
  bytes_ = 0;
  for (const Segment& segment : found) {
    if (segment.last < next_) {
      fs::remove(path(segment), error);
      continue;
    }
    next_ = segment.last + 1;
    bytes_ += segment.size;
    list_.push_back(segment);
  }
  return Status::ok();
}

Result<std::string> Segments::read(const Segment& segment, std::uint64_t from) const {
  const fs::path file = path(segment);
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno != ENOENT && errno != EIO) return Error{failed("read", file, errno).message()};
  if (fd < 0 && errno == EIO) segment.unreadable = true;
  std::string bytes(segment.size - std::min(from, segment.size), '\0');
  for (std::size_t done = 0; fd >= 0 && done < bytes.size();) {
    const ssize_t got = ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(from + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) segment.unreadable = true;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  if (fd >= 0) ::close(fd);
  return bytes;
}

Duration Segments::grain(std::size_t index) {
  Segment& segment = list_[index];
  if (segment.grain) return *segment.grain;
  segment.grain = Duration::zero();
  if (const auto bytes = read(segment)) {
    Scanner scanner(*bytes);
    for (auto piece = scanner.next(); piece; piece = scanner.next())
      if (piece->whole) {
        segment.grain = piece->info.grain;
        break;
      }
  }
  return *segment.grain;
}

Status Segments::open_newest(std::size_t more) {
  if (newest_ >= 0 && list_.back().size + more <= segment_size_) return Status::ok();
  if (newest_ >= 0) {
    const Status synced = sync();
    close_newest();
    if (!synced) return synced;
  }
  // Not one file for each start: what an earlier process left unfinished goes on.
  const bool goes_on =
      !list_.empty() && list_.back().size + more <= segment_size_ && grain(list_.size() - 1) == Duration::zero();
  if (!goes_on) {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (error) return failed("make the folder", folder_, error.value());
    list_.push_back({next_, next_, 0, Duration::zero()});
  }
  const fs::path file = path(list_.back());
  newest_ = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | (goes_on ? 0 : O_CREAT | O_EXCL), 0644);
  if (newest_ >= 0) {
    next_ = list_.back().last + 1;
    return Status::ok();
  }
  const int error = errno;
  if (!goes_on) list_.pop_back();
  return failed("write", file, error);
}

Status Segments::append(std::string_view blocks) {
  if (const Status opened = open_newest(blocks.size()); !opened) return opened;
  Segment& segment = list_.back();
  if (write_all(newest_, blocks, segment.size)) {
    segment.size += blocks.size();
    bytes_ += blocks.size();
    unsynced_ = true;
    return Status::ok();
  }
  const Status status = failed("write", path(segment), errno);
  // Half a block would only be in the way. Where it cannot be cut off, the next append writes over it.
  if (segment.size > 0) {
    if (::ftruncate(newest_, static_cast<off_t>(segment.size)) != 0) return status;
  } else {
    ::unlink(path(segment).c_str());
    close_newest();
    list_.pop_back();
  }
  return status;
}

bool Segments::sync_folder() const {
  const int fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  return synced;
}

Status Segments::sync() {
  if (!unsynced_ || newest_ < 0) return Status::ok();
  unsynced_ = false;
  const bool synced = ::fdatasync(newest_) == 0 && sync_folder();
  return synced ? Status::ok() : failed("sync", path(list_.back()), errno);
}

void Segments::close_newest() {
  if (newest_ >= 0) ::close(newest_);
  newest_ = -1;
  unsynced_ = false;
}

Status Segments::mark_done(std::uint64_t offset) const {
  const fs::path file = path(list_.front());
  const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return failed("open", file, errno);
  const bool written = write_all(fd, {&done_state, 1}, offset + state_offset);
  const int error = errno;
  ::close(fd);
  return written ? Status::ok() : failed("write", file, error);
}

void Segments::forget(std::size_t from, std::size_t to) {
  for (std::size_t i = from; i <= to; ++i) bytes_ -= list_[i].size;
  list_.erase(list_.begin() + static_cast<std::ptrdiff_t>(from), list_.begin() + static_cast<std::ptrdiff_t>(to) + 1);
}

/// Takes the file away, or out of the way; false when `errno` tells why not.
bool Segments::discard(const Segment& segment) {
  const fs::path file = path(segment);
  if (!segment.unreadable) return ::unlink(file.c_str()) == 0 || errno == ENOENT;
  fs::path aside = file.native() + damaged_suffix;
  if (::rename(file.c_str(), aside.c_str()) != 0) return errno == ENOENT;
  keep_aside(std::move(aside));
  return true;
}

void Segments::keep_aside(fs::path file) {
  std::erase(kept_, file);
  kept_.push_back(std::move(file));
  if (kept_.size() <= most_kept) return;
  ::unlink(kept_.front().c_str());
  kept_.pop_front();
}

Status Segments::remove_oldest() {
  const fs::path file = path(list_.front());
  const bool unreadable = list_.front().unreadable, gone = discard(list_.front());
  const int error = errno;
  // An empty one is delivered to nobody.
  Status status =
      gone || (!unreadable && ::truncate(file.c_str(), 0) == 0) ? Status::ok() : failed("remove", file, error);
  if (list_.size() == 1) close_newest();
  forget(0, 0);
  return status;
}

Status Segments::write_new(const Segment& segment, std::string_view blocks) const {
  const fs::path file = path(segment), draft = file.native() + ".tmp";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed("write", draft, errno);
  const bool written = write_all(fd, blocks, 0) && ::fdatasync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (written && ::rename(draft.c_str(), file.c_str()) == 0) {
    // Before what it replaces goes. Where it cannot be synced, it still stands there.
    sync_folder();
    return Status::ok();
  }
  const Status status = failed("write", draft, written ? errno : error);
  ::unlink(draft.c_str());
  return status;
}

Status Segments::replace(std::size_t from, std::size_t to, std::string_view blocks, Duration grain) {
  assert(from <= to && to + 1 < list_.size());
  const Segment made{list_[from].first, list_[to].last, blocks.size(), grain};
  if (!blocks.empty())
    if (const Status status = write_new(made, blocks); !status) return status;
  for (std::size_t i = from; i <= to; ++i)
    if (blocks.empty() || list_[i].first != made.first || list_[i].last != made.last) discard(list_[i]);
  forget(from, to);
  if (blocks.empty()) return Status::ok();
  list_.insert(list_.begin() + static_cast<std::ptrdiff_t>(from), made);
  bytes_ += made.size;
  return Status::ok();
}

}  // namespace trafficd::spool
