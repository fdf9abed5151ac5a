#include "daemon/page.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "trafficd/units.hpp"

namespace trafficd {

history::TableStyle page_style(int descriptor) {
  history::TableStyle style;
  const char *columns = std::getenv("COLUMNS"), *no_colour = std::getenv("NO_COLOR"), *term = std::getenv("TERM");
  const bool terminal = ::isatty(descriptor) != 0;
  winsize size{};
  if (terminal && ::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    style.width = size.ws_col;
  else if (columns != nullptr && std::atoi(columns) > 0)
    style.width = static_cast<std::size_t>(std::min(std::atoi(columns), 1000));
  else if (!terminal)
    style.width = 0;
  style.colour =
      terminal && (no_colour == nullptr || *no_colour == '\0') && (term == nullptr || std::string_view(term) != "dumb");
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') {
      const std::string_view locale(value);
      style.unicode = locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
      return style;
    }
  style.unicode = false;
  return style;
}

namespace {

void wait_for_room() {
  pollfd polled{STDOUT_FILENO, POLLOUT, 0};
  ::poll(&polled, 1, -1);
}

}  // namespace

Status print_page(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0)
      text.remove_prefix(static_cast<std::size_t>(written));
    else if (errno == EPIPE)
      return Status::ok();
    else if (errno == EAGAIN)  // who made it so shares it with us, and may rely on it
      wait_for_room();
    else if (errno != EINTR)
      return Status::fatal(concat("could not write to standard output: ", std::strerror(errno),
                                  "; give it another place, or make room there"));
  }
  return Status::ok();
}

Result<Zone> choose_zone(const std::optional<std::string>& given,
                         const std::function<void(const std::string&)>& complain) {
  if (given && given->empty())
    return Error{"--zone is empty; give a name such as 'Europe/Berlin', or leave it out for this machine's zone"};
  const auto zone = Zone::find(given.value_or(""));
  const char* variable = std::getenv("TZ");
  if (!zone || given || variable == nullptr || *variable == '\0') return zone;
  if (const auto meant = Zone::find(variable + (*variable == ':' ? 1 : 0)); !meant)
    complain(concat("days are counted in ", zone->name(), ", as $TZ is of no use: ", meant.error()));
  return zone;
}

}  // namespace trafficd
