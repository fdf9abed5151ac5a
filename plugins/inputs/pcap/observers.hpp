#pragma once
// All who look at the packets of one capture: the accounting of devices always, others where they are asked for.

#include <optional>

#include "config.hpp"
#include "http.hpp"
#include "measurements.hpp"
#include "protocols.hpp"
#include "remotes.hpp"

namespace trafficd::pcap_input {

/// One thread.
class Observers {
 public:
  Observers(const Config& config, Host& host, const std::string& interface);

  /// Before the first tick. Retry when something that they need is not there.
  Status open() { return remotes_ ? remotes_->open() : Status::ok(); }
  /// Before the first packet, and when those that follow come by another link. Takes memory.
  void set_link(packet::Link link);
  /// What the system says of the interface's own networks.
  void set_own_networks(std::vector<Network> own) { accountant_.set_own_networks(std::move(own)); }

  /// One packet: when it came in unix seconds, how long it was on the wire, and the bytes that were captured of it.
  /// Allocates nothing.
  [[gnu::always_inline]] void see(std::int64_t seconds, std::uint32_t length, const std::uint8_t* bytes,
                                  std::uint32_t captured) {
    accountant_.see(seconds, length, bytes, captured);
    if (guests_) [[unlikely]]
      show_guests(seconds, length, bytes, captured);
  }

  std::uint64_t packets() const { return accountant_.totals().packets; }
  std::uint64_t bytes() const { return accountant_.totals().bytes; }
  /// No packet comes any more; what was told last is to say so.
  void end() {
    if (http_) http_->end();
  }
  void tell(const Losses& losses, Timestamp time, Batch& out);

 private:
  void show_guests(std::int64_t seconds, std::uint32_t length, const std::uint8_t* bytes, std::uint32_t captured);

  packet::Link link_ = packet::Link::ethernet;
  Accountant accountant_;
  Teller teller_;
  std::optional<Protocols> protocols_;
  std::optional<Remotes> remotes_;
  std::optional<Http> http_;
  bool guests_ = false;  // somebody beside the accountant looks
};

}  // namespace trafficd::pcap_input
