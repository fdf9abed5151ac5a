#include "remotes.hpp"

#include <arpa/inet.h>
#include <sodium.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "fields.hpp"
#include "secret_file.hpp"
#include "tables.hpp"

namespace trafficd::pcap_input {

namespace {

using namespace std::chrono_literals;

/// Half of what an address moved so long ago still speaks for it.
constexpr Duration half_life = 10min;
/// Who is told already stays, unless another one is so much busier: names that come and go serve nobody.
constexpr float loyalty = 1.25F;

}  // namespace

const MeasurementPtr& remote_measurement() {
  static const MeasurementPtr measurement = make_measurement(
      "remote", "Traffic with an address on the internet, as seen from our side: rx is what it sent to us.",
      {counter("rx_bytes", "By", "Bytes that came from there."), counter("tx_bytes", "By", "Bytes that went there.")},
      {"interface", "address"});
  return measurement;
}

Remotes::Remotes(const RemoteSettings& settings, Host& host, std::string interface)
    : settings_(settings),
      host_(host),
      interface_(std::move(interface)),
      keeps_(std::exp2(-std::chrono::duration<float>(host.interval()) / std::chrono::duration<float>(half_life))),
      table_(0, Hash{hidden_seed()}),
      other_series_(host.series(remote_measurement(), {{"interface", interface_}, {"address", "other"}})),
      other_epoch_(new_epoch()) {
  if (settings_.naming != RemoteNaming::left_out) table_.reserve(settings_.addresses);
  lives_.reserve(settings_.top);
}

Status Remotes::open() {
  if (settings_.naming != RemoteNaming::hashed || !secret_.empty()) return Status::ok();
  auto secret = secret_in(host_.state_folder() / "remote_secret");
  if (!secret) return Status::retry(secret.error());
  secret_ = *std::move(secret);
  return Status::ok();
}

/// IPv4 as IPv6 maps it: an address that never stands in a packet.
Remotes::Key Remotes::key_of(packet::Family family, const std::uint8_t* address) {
  std::uint8_t bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (family == packet::Family::ipv4)
    std::memcpy(bytes + 12, address, 4);
  else
    std::memcpy(bytes, address, 16);
  return {packet::load<std::uint64_t>(bytes), packet::load<std::uint64_t>(bytes + 8)};
}

void Remotes::book() {
  for (std::size_t i = 0; i < waits_; ++i) book(waiting_[i]);
  waits_ = 0;
}

void Remotes::book(const Waiting& packet) {
  const auto add = [&](Bytes& bytes) { (packet.sent ? bytes.tx : bytes.rx) += packet.length; };
  if (settings_.naming == RemoteNaming::left_out) return add(other_);
  auto found = table_.find(packet.key);
  if (found == table_.end()) {
    if (table_.size() >= settings_.addresses) return add(other_);
    found = table_.emplace(packet.key, Entry{}).first;
  }
  add(found->second.fresh);
}

void Remotes::tell(Timestamp time, Batch& out) {
  book();
  age();
  const float least = least_score_to_tell();
  tell_named(time, least, out);
  name_new_ones(time, least, out);
  for (auto& [key, entry] : table_) other_ += std::exchange(entry.fresh, {});
  if (table_.size() * 8 > settings_.addresses * 7) make_room();
  tell_other(time, out);
}

void Remotes::age() {
  for (auto& [key, entry] : table_)
    entry.score = entry.score * keeps_ + static_cast<float>(entry.fresh.all()) * (entry.named ? loyalty : 1.0F);
}

/// Of the busiest, the least busy one; more than any when nobody is to be told.
float Remotes::least_score_to_tell() {
  scores_.clear();
  for (const auto& [key, entry] : table_)
    if (entry.score > 0) scores_.push_back(entry.score);
  if (scores_.size() <= settings_.top) return 0;
  const auto last = scores_.begin() + static_cast<std::ptrdiff_t>(settings_.top - 1);
  std::ranges::nth_element(scores_, last, std::greater<>());
  return *last;
}

void Remotes::tell_named(Timestamp time, float least, Batch& out) {
  std::erase_if(lives_, [&](Life& life) {
    Entry& entry = table_.find(life.key)->second;
    // Once more after the last change, so that a rate falls to nothing.
    const bool changed = entry.fresh.all() > 0;
    life.bytes += std::exchange(entry.fresh, {});
    if (changed || !life.rests) say(life.series, life.epoch, life.bytes, time, out);
    life.rests = !changed;
    entry.named = entry.score > 0 && entry.score >= least;
    return !entry.named;
  });
}

void Remotes::name_new_ones(Timestamp time, float least, Batch& out) {
  for (auto& [key, entry] : table_) {
    if (lives_.size() >= settings_.top) return;
    if (entry.named || entry.score <= 0 || entry.score < least || entry.fresh.all() == 0) continue;
    SeriesPtr series = host_.series(remote_measurement(), {{"interface", interface_}, {"address", text_of(key)}});
    // Over `max_series` nobody would hear of it.
    if (series->muted()) return;
    entry.named = true;
    lives_.push_back({key, std::move(series), new_epoch(), std::exchange(entry.fresh, {})});
    say(lives_.back().series, lives_.back().epoch, lives_.back().bytes, time, out);
  }
}

void Remotes::tell_other(Timestamp time, Batch& out) {
  const bool changed = other_.all() != other_told_;
  if (changed || !other_rests_) say(other_series_, other_epoch_, other_, time, out);
  other_rests_ = !changed;
  other_told_ = other_.all();
}

/// The least busy ones leave until a quarter is free. All that they moved was told.
void Remotes::make_room() {
  scores_.clear();
  for (const auto& [key, entry] : table_)
    if (!entry.named) scores_.push_back(entry.score);
  const std::size_t wanted = settings_.addresses * 3 / 4;
  if (scores_.empty() || table_.size() <= wanted) return;
  const std::size_t surplus = std::min(table_.size() - wanted, scores_.size());
  const auto last = scores_.begin() + static_cast<std::ptrdiff_t>(surplus - 1);
  std::ranges::nth_element(scores_, last);
  std::size_t left = surplus;
  boost::unordered::erase_if(table_, [&](const auto& each) {
    const Entry& entry = each.second;
    if (left == 0 || entry.named || entry.score > *last) return false;
    --left;
    return true;
  });
  refresh(table_);
}

std::string Remotes::text_of(const Key& key) {
  if (settings_.naming == RemoteNaming::hashed) return hash_of(key);
  in6_addr address;
  std::memcpy(&address, &key, sizeof address);
  const bool ipv4 = IN6_IS_ADDR_V4MAPPED(&address);
  char text[INET6_ADDRSTRLEN];
  inet_ntop(ipv4 ? AF_INET : AF_INET6, address.s6_addr + (ipv4 ? 12 : 0), text, sizeof text);
  return text;
}

/// Keyed by a secret of this installation, or all four thousand million addresses of IPv4 could be tried.
std::string Remotes::hash_of(const Key& key) {
  unsigned char digest[crypto_generichash_BYTES];
  crypto_generichash(digest, sizeof digest, reinterpret_cast<const unsigned char*>(&key), sizeof key,
                     reinterpret_cast<const unsigned char*>(secret_.data()), secret_.size());
  std::string text = "hash-";
  for (int i = 0; i < 8; ++i) {
    text += "0123456789abcdef"[digest[i] >> 4];
    text += "0123456789abcdef"[digest[i] & 15];
  }
  return text;
}

void Remotes::say(const SeriesPtr& series, std::uint64_t epoch, const Bytes& bytes, Timestamp time, Batch& out) const {
  out.push_back({.series = series, .time = time, .epoch = epoch, .born = true, .values = {bytes.rx, bytes.tx}});
}

}  // namespace trafficd::pcap_input
