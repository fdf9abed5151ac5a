#include "daemon/replay/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "history/text_parts.hpp"
#include "trafficd/units.hpp"

namespace trafficd::replay {

namespace {

/// What a terminal does not take is nobody's loss.
void put(std::string_view text) { static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) > 0); }

}  // namespace

std::string progress_text(std::uint64_t read, std::uint64_t total, const history::TableStyle& style) {
  const auto bytes = static_cast<double>(read);
  // The last column stays free: a terminal would begin a new line.
  const std::size_t most = std::max<std::size_t>(style.width, 1) - 1;
  if (total == 0) return ("reading  " + human_bytes(bytes)).substr(0, most);
  // A file may grow while it is read.
  const auto all = static_cast<double>(std::max(read, total));
  const std::string percent = history::right(std::to_string(static_cast<int>(100 * bytes / all)), 3) + " %  ";
  const std::string amounts = human_bytes(bytes) + " of " + human_bytes(all);
  constexpr std::size_t bar_columns = 24;
  if (percent.size() + bar_columns + 2 + amounts.size() > most) return (percent + amounts).substr(0, most);
  const history::TableStyle room{.width = bar_columns + 2, .colour = style.colour, .unicode = style.unicode};
  return concat(percent, history::bar(room, 0, all, bytes, all), "  ", amounts);
}

void Progress::draw(std::uint64_t read, std::uint64_t total) {
  const std::lock_guard lock(mutex_);
  if (!wanted_ || ended_) return;
  put(concat("\r\x1b[K", progress_text(read, total, style_)));
  drawn_ = true;
}

void Progress::say(std::string_view message) {
  const std::lock_guard lock(mutex_);
  erase();
  put(concat("trafficd replay: ", printable(message), "\n"));
}

void Progress::end() {
  const std::lock_guard lock(mutex_);
  erase();
  ended_ = true;
}

void Progress::erase() {
  if (drawn_) put("\r\x1b[K");
  drawn_ = false;
}

}  // namespace trafficd::replay
