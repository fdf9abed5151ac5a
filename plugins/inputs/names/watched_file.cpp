#include "watched_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace trafficd::names {

namespace {

struct Handle {
  int number;
  ~Handle() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

bool WatchedFile::changed() {
  struct stat about {};
  std::array<std::int64_t, 6> now{};
  if (::stat(path_.c_str(), &about) == 0)
    now = {1,
           about.st_mtim.tv_sec,
           about.st_mtim.tv_nsec,
           static_cast<std::int64_t>(about.st_size),
           static_cast<std::int64_t>(about.st_ino),
           about.st_ctim.tv_sec * 1'000'000'000 + about.st_ctim.tv_nsec};
  const bool differs = std::exchange(signature_, now) != now;
  const bool told_once = !std::exchange(settled_, !differs);
  return differs || told_once;
}

WatchedFile::Content WatchedFile::read() const {
  Content content;
  const Handle file{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat about {};
  if (file.number < 0 || ::fstat(file.number, &about) != 0) {
    content.missing = errno == ENOENT || errno == ENOTDIR;
    content.error = std::strerror(errno);
    return content;
  }
  if (!S_ISREG(about.st_mode)) {
    content.error = "not a regular file";
    return content;
  }
  std::string& text = content.text;
  constexpr std::size_t piece = 64 * 1024;
  text.reserve(std::min(static_cast<std::size_t>(about.st_size), most_bytes) + piece);
  while (!content.too_large) {
    const std::size_t before = text.size();
    text.resize(before + piece);
    const ssize_t size = ::read(file.number, text.data() + before, text.size() - before);
    text.resize(before + static_cast<std::size_t>(size > 0 ? size : 0));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) content.error = std::strerror(errno);
    if (size <= 0) break;
    content.too_large = text.size() > most_bytes;
  }
  return content;
}

}  // namespace trafficd::names
