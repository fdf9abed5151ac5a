#pragma once
// Captures that were recorded. Their own time drives everything, so that a replay says the same on any day.

#include <optional>

#include "config.hpp"
#include "file_capture.hpp"
#include "observers.hpp"

namespace trafficd::pcap_input {

class Recording final : public StreamInput {
 public:
  Recording(const Config& config, Host& host);
  bool recorded() const override { return true; }
  Status open() override { return observers_.open(); }
  Status run(std::stop_token stop, Emitter& emitter) override;
  void close() noexcept override { capture_.close(); }

 private:
  static void on_packet(u_char* self, const pcap_pkthdr* header, const u_char* bytes);
  timeval pass_time(timeval stamp);
  bool confirms(Timestamp time) const;
  void settle_doubt(bool confirmed);
  void reach(timeval stamp);
  void tick(Timestamp time);
  Status outcome() const;
  void tell(Timestamp time);
  void look_at_link();

  /// A stamp that the next packet has to confirm; its number.
  struct Doubt {
    timeval stamp;
    std::uint64_t number = 0;
  };

  Host& host_;
  Observers observers_;
  FileCapture capture_;
  Emitter* emitter_ = nullptr;  // during run
  std::stop_token stop_;
  Timestamp next_{};  // tick; none before the first packet
  timeval newest_{};  // packet
  // So many seconds in which packets pass without a look at their time: from the earliest one to the latest one so
  // far, and before the next tick.
  std::uint64_t from_second_ = 0, seconds_ = 0;
  std::atomic<std::int64_t>&first_packet_, &last_packet_;  // the earliest and the latest one, in unix seconds
  std::optional<Doubt> doubt_;
  std::atomic<std::uint64_t>&bad_times_, &damaged_files_, &skipped_files_, &read_bytes_;
};

}  // namespace trafficd::pcap_input
