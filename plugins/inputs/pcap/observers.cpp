#include "observers.hpp"

namespace trafficd::pcap_input {

Observers::Observers(const Config& config, Host& host, const std::string& interface)
    : accountant_(accountant_settings(config)), teller_(host, interface) {
  if (config.protocols) protocols_.emplace(host, interface);
  if (config.remotes > 0) remotes_.emplace(remote_settings(config), host, interface);
  if (config.http.on) http_.emplace(config.http, host, interface);
  guests_ = protocols_ || remotes_ || http_;
}

void Observers::set_link(packet::Link link) {
  link_ = link;
  accountant_.set_link(link);
}

/// Reads the packet once more, so that the usual capture, which has no guests, pays nothing for them.
void Observers::show_guests(std::int64_t seconds, std::uint32_t length, const std::uint8_t* bytes,
                            std::uint32_t captured) {
  packet::Frame frame;
  const bool ethernet = link_ == packet::Link::ethernet;
  if (const auto family = ethernet ? packet::ip_at_a_glance(bytes, captured) : packet::Family::other;
      family != packet::Family::other)
    frame = {family, bytes + 6, bytes, bytes + packet::ethernet_header, captured - packet::ethernet_header};
  else if (!packet::read_frame(link_, bytes, captured, frame))
    return;
  if (protocols_) protocols_->count(frame, length);
  if (http_) http_->see(seconds, frame);
  if (remotes_) {
    const Accountant::Use use = accountant_.use_of(frame);
    if (use == Accountant::Use::sent)
      remotes_->count(frame.family, frame.destination_address(), true, length);
    else if (use == Accountant::Use::received)
      remotes_->count(frame.family, frame.source_address(), false, length);
  }
}

void Observers::tell(const Losses& losses, Timestamp time, Batch& out) {
  teller_.tell(accountant_, losses, time, out);
  if (protocols_) protocols_->tell(time, out);
  if (remotes_) remotes_->tell(time, out);
  if (http_) http_->tell(time, out);
}

}  // namespace trafficd::pcap_input
