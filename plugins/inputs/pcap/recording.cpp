#include "recording.hpp"

namespace trafficd::pcap_input {

namespace {

using namespace std::chrono_literals;

/// pcap's time, of which the fraction is in nanoseconds here.
Timestamp time_of(const timeval& time) {
  return Timestamp(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_usec));
}

std::int64_t seconds_of(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

Recording::Recording(const Config& config, Host& host)
    : host_(host),
      accountant_(accountant_settings(config)),
      teller_(host, "file"),
      capture_({.files = config.files,
                .filter = config.filter,
                .wait =
                    [this](int descriptor) {
                      const int one[] = {descriptor};
                      return host_.clock().wait(one, SteadyTime::max(), stop_) == Wake::readable;
                    }}),
      damaged_files_(host.meter().counter("damaged_files")),
      skipped_files_(host.meter().counter("skipped_files")),
      read_bytes_(host.meter().counter("read_bytes")) {}

Status Recording::run(std::stop_token stop, Emitter& emitter) {
  emitter_ = &emitter;
  stop_ = std::move(stop);
  using State = FileCapture::State;
  State state = State::more;
  while (state != State::ended && state != State::stopped && !stop_.stop_requested()) {
    state = capture_.read(on_packet, reinterpret_cast<u_char*>(this));
    if (state == State::begun) look_at_link();
    if (state == State::trouble) host_.log().warning(capture_.trouble());
    damaged_files_ = capture_.damaged_files();
    skipped_files_ = capture_.skipped_files();
    read_bytes_ = capture_.read_bytes();
  }
  // Later than the last tick, also where the last packet came at its very moment.
  if (next_ != Timestamp{}) tell(std::max(time_of(newest_), next_ - host_.interval() + 1ns));
  return Status::ok();
}

void Recording::look_at_link() {
  // The capture refuses what is not supported.
  accountant_.set_link(packet::link_of(capture_.datalink()).value());
}

void Recording::on_packet(u_char* user, const pcap_pkthdr* header, const u_char* bytes) {
  auto& self = *reinterpret_cast<Recording*>(user);
  if (header->ts.tv_sec >= self.next_second_) [[unlikely]]
    self.pass_time(time_of(header->ts));
  self.newest_ = header->ts;
  self.accountant_.see(header->ts.tv_sec, header->len, bytes, header->caplen);
}

/// Says what was up to the tick that `time` has passed; nothing happened at those after it.
void Recording::pass_time(Timestamp time) {
  if (time < next_) return;
  if (next_ != Timestamp{}) tell(next_);
  const Duration since = time.time_since_epoch();
  next_ = time - since % host_.interval() + host_.interval();
  next_second_ = seconds_of(next_);
}

void Recording::tell(Timestamp time) {
  Batch batch;
  teller_.tell(accountant_, {}, time, batch);
  emitter_->emit(batch);
}

}  // namespace trafficd::pcap_input
