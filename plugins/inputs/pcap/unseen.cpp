#include "unseen.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "trafficd/units.hpp"

namespace trafficd::pcap_input {

namespace {

using namespace std::chrono_literals;

/// By then, all that the kernel had counted was handed over: twice the time that a block may stay with it.
constexpr Duration delay = 2s;

std::string first_word(const std::filesystem::path& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

std::optional<std::uint64_t> number(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || rest != end) return {};
  return value;
}

}  // namespace

Unseen::Unseen(Host& host, std::string interface, bool comparable, std::filesystem::path root)
    : host_(host), interface_(std::move(interface)), comparable_(comparable), root_(std::move(root)) {}

void Unseen::open(std::uint64_t captured) {
  const std::string life = comparable_ ? read_life() : "";
  const auto counter = life.empty() ? std::nullopt : read_counter();
  if (!counter || (known_ && life == life_)) return;
  // What the interface's earlier life moved at its end is known to nobody any more.
  before_ += std::exchange(missing_, 0);
  captured_before_ = captured;
  life_ = life;
  base_ = *counter;
  reading_.reset();
  if (std::exchange(known_, true)) return;
  const std::string noted = host_.state().get("unseen " + interface_).value_or("");
  if (!noted.starts_with(life_ + ' ')) return;
  const auto place = number(noted.substr(life_.size() + 1));
  if (place && *place <= *counter) base_ = *place;
}

void Unseen::look(std::uint64_t captured) {
  if (!known_) return;
  const SteadyTime now = host_.clock().steady();
  if (!reading_ || now - reading_->time >= delay) {
    if (reading_) {
      const std::uint64_t seen = base_ + (captured - captured_before_);
      if (reading_->counter > seen) missing_ = std::max(missing_, reading_->counter - seen);
    }
    reading_.reset();
    if (const auto counter = read_counter()) reading_ = {now, *counter};
  }
  note(captured);
}

/// The place of the interface's counter up to which all is either seen or missing.
void Unseen::note(std::uint64_t captured) {
  std::string place = concat(life_, ' ', base_ + (captured - captured_before_) + missing_);
  if (place == noted_) return;
  host_.state().put("unseen " + interface_, place);
  noted_ = std::move(place);
}

std::optional<std::uint64_t> Unseen::read_counter() const {
  const std::filesystem::path folder = root_ / "sys/class/net" / interface_ / "statistics";
  const auto rx = number(first_word(folder / "rx_bytes")), tx = number(first_word(folder / "tx_bytes"));
  if (!rx || !tx) return {};
  return *rx + *tx;
}

/// The same as long as its counters go on; empty when it cannot be said.
std::string Unseen::read_life() const {
  const std::string boot = first_word(root_ / "proc/sys/kernel/random/boot_id");
  const std::string index = first_word(root_ / "sys/class/net" / interface_ / "ifindex");
  return boot.empty() || index.empty() ? "" : concat(boot, ' ', index);
}

}  // namespace trafficd::pcap_input
