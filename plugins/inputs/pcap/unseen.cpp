#include "unseen.hpp"

#include <net/if.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "own_networks.hpp"
#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

namespace {

using namespace std::chrono_literals;

/// By then, all that the kernel had counted was handed over: twice the time that a block may stay with it.
constexpr Duration delay = 2s;

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || rest != end) return {};
  return value;
}

const std::string& boot_id() {
  static const std::string id = [] {
    std::string word;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> word;
    return word;
  }();
  return id;
}

/// Not from /sys/class/net, which shows the network namespace of whoever mounted it.
std::optional<std::uint64_t> bytes_of(const std::string& interface) {
  std::ifstream table("/proc/thread-self/net/dev");
  for (std::string line; std::getline(table, line);) {
    line.erase(0, std::min(line.find_first_not_of(' '), line.size()));
    if (!line.starts_with(interface + ':')) continue;
    std::istringstream columns(line.substr(interface.size() + 1));
    std::uint64_t rx = 0, other = 0, tx = 0;
    columns >> rx;
    for (int i = 0; i < 7; ++i) columns >> other;
    if (columns >> tx) return rx + tx;
  }
  return {};
}

}  // namespace

std::optional<Counter> kernel_counter(const std::string& interface) {
  struct stat network {};
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0 || boot_id().empty() || ::stat("/proc/thread-self/ns/net", &network) != 0) return {};
  const auto bytes = bytes_of(interface);
  // The name may have gone to another interface just then.
  if (!bytes || ::if_nametoindex(interface.c_str()) != index) return {};
  return Counter{concat(boot_id(), ' ', std::uint64_t{network.st_ino}, ' ', index), *bytes};
}

Unseen::Unseen(Host& host, std::string interface, bool comparable, Read read)
    : host_(host),
      interface_(std::move(interface)),
      key_("unseen " + interface_),
      comparable_(comparable),
      read_(std::move(read)) {}

void Unseen::open(std::uint64_t captured) {
  const auto counter = comparable_ && !is_loopback(interface_) ? read_(interface_) : std::nullopt;
  const auto place = take_note(counter ? counter->life : "");
  if (!counter || (known_ && counter->life == life_)) return;
  // What the interface's earlier life moved at its end is known to nobody any more.
  before_ += std::exchange(missing_, 0);
  captured_before_ = captured;
  life_ = counter->life;
  base_ = counter->bytes;
  if (place && *place < base_) before_ += base_ - *place;
  reading_.reset();
  known_ = true;
}

/// Where the last run stopped in this life, told once: before the first sample goes on it is off the disk. For after a
/// kill nobody knows how much of what the kernel counted had been told, and nothing may be counted once more.
std::optional<std::uint64_t> Unseen::take_note(const std::string& life) {
  const auto note = host_.state().get(key_);
  if (!note) return {};
  host_.state().erase(key_);
  host_.state().secure();
  return note->starts_with(life + ' ') ? number(note->substr(life.size() + 1)) : std::nullopt;
}

void Unseen::look(std::uint64_t captured) {
  if (!known_) return;
  const SteadyTime now = host_.clock().steady();
  if (reading_ && now - reading_->time < delay) return;
  if (reading_ && reading_->bytes > seen(captured)) missing_ = std::max(missing_, reading_->bytes - seen(captured));
  reading_.reset();
  if (const auto bytes = read_of_this_life()) reading_ = {now, *bytes};
}

void Unseen::close(std::uint64_t captured) {
  if (!known_) return;
  // A bridge counts without the Ethernet header, so what was seen there is ahead of the counter.
  if (const auto bytes = read_of_this_life())
    host_.state().put(key_, concat(life_, ' ', std::min(*bytes, seen(captured) + missing_)));
}

/// None when the name is another interface's by now.
std::optional<std::uint64_t> Unseen::read_of_this_life() const {
  const auto counter = read_(interface_);
  return counter && counter->life == life_ ? std::optional(counter->bytes) : std::nullopt;
}

}  // namespace trafficd::pcap_input
