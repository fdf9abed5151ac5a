#pragma once
// Captures that were recorded. Their own time drives everything, so that a replay says the same on any day.

#include "config.hpp"
#include "file_capture.hpp"
#include "observers.hpp"

namespace trafficd::pcap_input {

class Recording final : public StreamInput {
 public:
  Recording(const Config& config, Host& host);
  bool recorded() const override { return true; }
  Status run(std::stop_token stop, Emitter& emitter) override;
  void close() noexcept override { capture_.close(); }

 private:
  static void on_packet(u_char* self, const pcap_pkthdr* header, const u_char* bytes);
  timeval pass_time(timeval stamp);
  void tick(Timestamp time);
  Status outcome() const;
  void tell(Timestamp time);
  void look_at_link();

  Host& host_;
  Observers observers_;
  FileCapture capture_;
  Emitter* emitter_ = nullptr;  // during run
  std::stop_token stop_;
  Timestamp next_{};  // tick; none before the first packet
  timeval newest_{};  // packet
  std::int64_t next_second_ = 0;
  std::atomic<std::int64_t>& first_packet_;  // in unix seconds
  std::atomic<std::uint64_t>&bad_times_, &damaged_files_, &skipped_files_, &read_bytes_;
};

}  // namespace trafficd::pcap_input
