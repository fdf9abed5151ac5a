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
  if (fd_ >= 0) close(fd_);
}

Status StateLock::take(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "trafficd.lock";
  fd_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) return Status::fatal(concat("cannot open ", file, ": ", std::generic_category().message(errno)));
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    char text[16] = {};
    const ssize_t length = read(fd_, text, sizeof text - 1);
    std::string holder(text, length > 0 ? static_cast<std::size_t>(length) : 0);
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    return Status::fatal(concat("another trafficd", holder.empty() ? "" : " (process ", holder,
                                holder.empty() ? "" : ")", " uses the state folder ", folder,
                                "; stop it, or give another with --state DIR"));
  }
  const std::string own = concat(getpid(), '\n');
  if (ftruncate(fd_, 0) != 0 || write(fd_, own.data(), own.size()) != static_cast<ssize_t>(own.size()))
    return Status::fatal(concat("cannot write ", file, ": ", std::generic_category().message(errno)));
  return Status::ok();
}

}  // namespace trafficd
