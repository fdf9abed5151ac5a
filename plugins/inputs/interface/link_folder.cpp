#include "link_folder.hpp"

#include <fcntl.h>
#include <linux/if_arp.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <limits>

namespace trafficd::interface {
namespace {

using Text = std::array<char, 64>;  // the longest attribute we read is a number of 20 digits

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

FileHandle open_at(const FileHandle& folder, const char* name) {
  return FileHandle{::openat(folder.get(), name, O_RDONLY | O_CLOEXEC)};
}

/// The text of an attribute, from its beginning; nothing and errno when it cannot be read.
std::optional<std::string_view> read_text(const FileHandle& file, Text& buffer) {
  const ssize_t size = ::pread(file.get(), buffer.data(), buffer.size(), 0);
  if (size < 0) return std::nullopt;
  return trim({buffer.data(), static_cast<std::size_t>(size)});
}

template <class Number>
std::optional<Number> read_number(const FileHandle& folder, const char* name) {
  Text buffer;
  const FileHandle file = open_at(folder, name);
  const auto text = file ? read_text(file, buffer) : std::nullopt;
  return text ? parse_number<Number>(*text) : std::nullopt;
}

}  // namespace

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  text = trim(text);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}
template std::optional<std::uint64_t> parse_number(std::string_view);
template std::optional<std::int64_t> parse_number(std::string_view);
template std::optional<int> parse_number(std::string_view);

bool LinkFolder::open(const std::filesystem::path& path) {
  close();
  folder_ = FileHandle{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return is_open();
}

void LinkFolder::close() {
  statistics_.clear();
  folder_.reset();
}

int LinkFolder::index() const {
  const int index = read_number<int>(folder_, "ifindex").value_or(0);
  return index > 0 ? index : 0;
}

bool LinkFolder::loopback() const { return read_number<int>(folder_, "type") == ARPHRD_LOOPBACK; }

std::optional<std::uint64_t> LinkFolder::speed() const {
  const auto megabits = read_number<std::int64_t>(folder_, "speed");
  // -1, or the same in 32 bits without a sign, is how drivers say that they do not know.
  if (!megabits || *megabits <= 0 || *megabits >= std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint64_t>(*megabits) * 1'000'000;
}

Value LinkFolder::up() const {
  Text buffer;
  const FileHandle file = open_at(folder_, "operstate");
  const auto state = file ? read_text(file, buffer) : std::nullopt;
  if (!state || state->empty()) return {};
  // Tunnels and modems often have no notion of a state: then the carrier tells.
  return *state == "up" || (*state == "unknown" && read_number<int>(folder_, "carrier") == 1) ? 1 : 0;
}

LinkReading LinkFolder::read(std::size_t count) {
  LinkReading reading;
  statistics_.resize(count);
  bool any = false;
  for (std::size_t i = 0; i < count; ++i) {
    if (!statistics_[i]) {
      const std::string name = std::string("statistics/") + link_counters[i].name;
      statistics_[i] = open_at(folder_, name.c_str());
      if (!statistics_[i]) continue;
    }
    Text buffer;
    const auto text = read_text(statistics_[i], buffer);
    // EINVAL: it is just being taken down.
    if (!text && (errno == ENODEV || errno == EINVAL)) return {.gone = true};
    const auto number = text ? parse_number<std::uint64_t>(*text) : std::nullopt;
    any = any || number;
    if (number)
      reading.counters[i] = *number;
    else
      ++reading.unreadable;
  }
  if (!any && index() == 0) return {.gone = true};
  return reading;
}

std::optional<std::string> read_start(const std::filesystem::path& path) {
  constexpr std::size_t limit = 64 * 1024;
  const FileHandle file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return std::nullopt;
  std::string content;
  std::array<char, 4096> buffer;
  while (content.size() < limit) {
    const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) break;
    content.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return content;
}

std::string read_line(const std::filesystem::path& path) { return std::string(trim(read_start(path).value_or(""))); }

}  // namespace trafficd::interface
