#include "accountant.hpp"

#include <algorithm>

namespace trafficd::pcap_input {

using packet::Family;
using packet::Frame;

Accountant::Accountant(const AccountantSettings& settings)
    : rows_(settings.max_rows), find_gateways_(settings.gateways.empty()), places_(settings.networks) {
  gateways_.reserve(most_gateways);
  for (const std::uint64_t each : settings.gateways) add_gateway(each);
}

void Accountant::set_link(packet::Link link) {
  settle();
  link_ = link;
  rows_.take_memory(link == packet::Link::ethernet);
}

void Accountant::settle() {
  std::array<Way*, std::tuple_size_v<decltype(posted_)>> ways;
  for (std::size_t i = 0; i < posts_; ++i) {
    Row& row = rows_.by_hardware(posted_[i].key);
    ways[i] = posted_[i].receives ? &row.rx : &row.tx;
    __builtin_prefetch(ways[i], 1);
  }
  for (std::size_t i = 0; i < posts_; ++i) ways[i]->add(posted_[i].seconds, posted_[i].length);
  posts_ = 0;
}

void Accountant::see_any(std::int64_t seconds, std::uint32_t length, const std::uint8_t* bytes,
                         std::uint32_t captured) {
  Frame frame;
  if (!packet::read_frame(link_, bytes, captured, frame)) {
    ++totals_.undecoded;
    unattributed_ += length;
  } else if (frame.source != nullptr) {
    see_addressed(seconds, length, frame);
  } else {
    see_unaddressed(seconds, length, frame);
  }
}

void Accountant::see_addressed(std::int64_t seconds, std::uint32_t length, const Frame& frame) {
  const Ends ends = ends_of(frame.destination, frame.source);
  if (frame.family == Family::other) {
    if (ends.to_group) return send(ends.source, frame.family, Scope::multicast, seconds, length);
    return see_local(seconds, length, frame, ends);
  }
  if (frame.family == Family::ipv6) learn_prefixes(seconds, frame);
  const Place from = places_.of(frame.family, frame.source_address());
  const Place to = places_.of(frame.family, frame.destination_address());
  if (book(seconds, length, ends, frame.family, from, to)) return;
  const bool local = from == Place::local && to == Place::local;
  if (ends.to_group || to == Place::multicast)
    send(ends.source, frame.family, Scope::multicast, seconds, length);
  else if (from == Place::multicast)
    unattributed_ += length;  // nobody sends from there
  else if (local || from == Place::on_link || to == Place::on_link)
    see_local(seconds, length, frame, ends);
  else
    see_transit(seconds, length, frame.family, ends);
}

void Accountant::see_local(std::int64_t seconds, std::uint32_t length, const Frame& frame, const Ends& ends) {
  send(ends.source, frame.family, Scope::local, seconds, length);
  receive(ends.destination, frame.family, Scope::local, seconds, length);
}

/// Neither end is known to be ours, as with a global IPv6 address whose prefix nobody has said yet.
void Accountant::see_transit(std::int64_t seconds, std::uint32_t length, Family family, const Ends& ends) {
  const bool from_gateway = is_gateway(ends.source), to_gateway = is_gateway(ends.destination);
  if (from_gateway == to_gateway)
    unattributed_ += length;
  else if (to_gateway)
    send(ends.source, family, Scope::internet, seconds, length);
  else
    receive(ends.destination, family, Scope::internet, seconds, length);
}

/// A device is an address of ours; who talks to a link-local address is on this link, too.
void Accountant::see_unaddressed(std::int64_t seconds, std::uint32_t length, const Frame& frame) {
  if (frame.family == Family::other) {
    unattributed_ += length;
    return;
  }
  const std::uint8_t *const source = frame.source_address(), *const destination = frame.destination_address();
  const Place from = places_.of(frame.family, source);
  const Place to = frame.to_group ? Place::multicast : places_.of(frame.family, destination);
  const bool on_link = from == Place::on_link || to == Place::on_link, local = from == Place::local && to == from;
  const bool multicast = from == Place::multicast || to == Place::multicast;
  if (local || (on_link && !multicast)) {
    rows_.by_address(frame.family, source, Scope::local).tx.add(seconds, length);
    rows_.by_address(frame.family, destination, Scope::local).rx.add(seconds, length);
  } else if (from == Place::local || from == Place::on_link) {
    const Scope scope = to == Place::multicast ? Scope::multicast : Scope::internet;
    rows_.by_address(frame.family, source, scope).tx.add(seconds, length);
  } else if (to == Place::local && from == Place::remote) {
    rows_.by_address(frame.family, destination, Scope::internet).rx.add(seconds, length);
  } else {
    unattributed_ += length;
  }
}

Accountant::Use Accountant::use_of(const Frame& frame) const {
  if (frame.family == Family::other) return Use::none;
  const Place from = places_.of(frame.family, frame.source_address());
  const Place to = places_.of(frame.family, frame.destination_address());
  if (from != Place::remote && to != Place::remote) return Use::none;
  if (from == Place::multicast || to == Place::multicast || frame.to_group) return Use::none;
  if (from == Place::on_link || to == Place::on_link) return Use::none;
  if (frame.source == nullptr) {
    if (from == to) return Use::none;
    return to == Place::remote ? Use::sent : Use::received;
  }
  if ((frame.destination[0] & 1) != 0) return Use::none;
  const bool from_gateway = is_gateway(ends_of(frame.destination, frame.source).source);
  const bool to_gateway = is_gateway(ends_of(frame.destination, frame.source).destination);
  if (from == to) return from_gateway == to_gateway ? Use::none : to_gateway ? Use::sent : Use::received;
  if (to == Place::remote) return from_gateway ? Use::none : Use::sent;
  return to_gateway ? Use::none : Use::received;
}

bool Accountant::is_gateway(std::uint64_t hardware) const {
  return std::ranges::find(gateways_, hardware) != gateways_.end();
}

void Accountant::note_carrier(std::uint64_t hardware) {
  last_carrier_ = hardware;
  if (find_gateways_ && gateways_.size() < most_gateways && !is_gateway(hardware)) add_gateway(hardware);
}

void Accountant::add_gateway(std::uint64_t hardware) {
  settle();
  gateways_.push_back(hardware);
  ++gateway_changes_;
  for (const Family family : {Family::ipv4, Family::ipv6})
    rows_.redirect(Rows::hardware_key(hardware, family, Scope::internet));
}

/// Who sent from a network that was not known to be local was taken for one; true ones are found again.
void Accountant::forget_gateways() {
  if (!find_gateways_ || gateways_.empty()) return;
  settle();
  for (const std::uint64_t hardware : gateways_)
    for (const Family family : {Family::ipv4, Family::ipv6})
      rows_.end_redirect(Rows::hardware_key(hardware, family, Scope::internet));
  gateways_.clear();
  ++gateway_changes_;
  last_carrier_ = ~std::uint64_t{0};
}

void Accountant::learn_prefixes(std::int64_t seconds, const Frame& frame) {
  const auto learn = [&](const std::array<std::uint8_t, 16>& prefix, std::uint8_t length, std::uint32_t lifetime) {
    if (places_.learn({.address = prefix, .prefix = length, .ipv6 = true}, seconds, lifetime)) forget_gateways();
  };
  packet::read_prefixes(frame, learn);
}

}  // namespace trafficd::pcap_input
