#include "engine/rejects.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <system_error>

#include "trafficd/calendar.hpp"
#include "trafficd/text.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

namespace fs = std::filesystem;
constexpr std::size_t half = RejectsFile::max_size / 2;

Status failed(const fs::path& path, int error) {
  return Status::retry(
      concat("cannot set rejected samples aside in ", path, ": ", std::generic_category().message(error)));
}

Status append(const fs::path& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return failed(path, errno);
  const ssize_t written = ::write(fd, text.data(), text.size());
  const int error = written < 0 ? errno : ENOSPC;
  ::close(fd);
  return written == static_cast<ssize_t>(text.size()) ? Status::ok() : failed(path, error);
}

}  // namespace

Status RejectsFile::add(Timestamp now, std::string_view reason, std::span<const Sample* const> samples) {
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);
  if (error) return failed(path_, error.value());
  const std::string comment =
      concat("# ", format_utc(now), " ", printable(reason.substr(0, std::min<std::size_t>(reason.size(), 500))), "\n");
  const std::uintmax_t size = fs::file_size(path_, error);
  std::size_t used = error ? 0 : size;
  std::string text = comment;
  const auto put = [&] {
    if (used + text.size() > half) {
      // The files stay small, or they take no more.
      fs::rename(path_, path_.native() + ".1", error);
      if (error) return failed(path_.native() + ".1", error.value());
      used = 0;
    }
    used += text.size();
    return append(path_, text);
  };
  for (const Sample* sample : samples) {
    std::string line = to_text(*sample) + '\n';
    if (comment.size() + line.size() > half) continue;  // bigger than the file may be
    if (text.size() + line.size() > half) {
      if (const Status status = put(); !status) return status;
      text = comment;
    }
    text += line;
  }
  return put();
}

}  // namespace trafficd
