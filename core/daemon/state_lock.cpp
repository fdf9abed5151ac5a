#include "daemon/state_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "trafficd/units.hpp"

namespace trafficd {

StateLock::~StateLock() {
  for (const int fd : {file_, folder_})
    if (fd >= 0) close(fd);
}

namespace {

Status in_use(const std::filesystem::path& folder, int file) {
  char text[16] = {};
  const ssize_t length = file < 0 ? 0 : pread(file, text, sizeof text - 1, 0);
  std::string holder(text, length > 0 ? static_cast<std::size_t>(length) : 0);
  while (!holder.empty() && holder.back() == '\n') holder.pop_back();
  return Status::fatal(concat("another trafficd", holder.empty() ? "" : " (process ", holder, holder.empty() ? "" : ")",
                              " uses the state folder ", folder, "; stop it, or give another with --state DIR"));
}

}  // namespace

/// Two locks. That on the folder works on a disk that is full too, where counting must go on; NFS knows none without
/// a file. The file tells who holds it, and keeps out an older trafficd, which locks only that.
Status StateLock::take(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "trafficd.lock";
  folder_ = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) return Status::fatal(concat("cannot open ", folder, ": ", std::generic_category().message(errno)));
  file_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  const bool no_room = errno == ENOSPC || errno == EDQUOT || errno == EROFS;
  if (file_ < 0 && !no_room)
    return Status::fatal(concat("cannot open ", file, ": ", std::generic_category().message(errno)));
  bool held = false;
  for (const int fd : {folder_, file_}) {
    if (fd < 0) continue;
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (!locked && errno == EWOULDBLOCK) return in_use(folder, file_);
    held = held || locked;
  }
  if (!held) return Status::fatal(concat("cannot lock ", file, ": ", std::generic_category().message(errno)));
  if (file_ < 0) return Status::ok();
  const std::string own = concat(getpid(), '\n');
  // Only what a second daemon says depends on it.
  static_cast<void>(ftruncate(file_, 0) == 0 && write(file_, own.data(), own.size()) > 0);
  return Status::ok();
}

}  // namespace trafficd
