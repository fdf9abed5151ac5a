#pragma once
// Interfaces that are watched as packets pass.

#include <memory>
#include <vector>

#include "config.hpp"
#include "live_capture.hpp"
#include "observers.hpp"
#include "unseen.hpp"

namespace trafficd::pcap_input {

class Watch final : public StreamInput {
 public:
  Watch(const Config& config, Host& host);
  /// Succeeds when at least one interface can be captured; the others are tried again while it runs.
  Status open() override;
  Status run(std::stop_token stop, Emitter& emitter) override;
  void close() noexcept override;

 private:
  /// One interface. What was counted stays while it is away.
  struct Line {
    Line(const Config& config, const std::string& name, Host& host);
    std::string name;
    LiveCapture capture;
    Observers observers;
    Unseen unseen;
    Complaint trouble;
    std::string why;                           // it could not be opened
    SteadyTime ask_again = SteadyTime::max();  // when to open, or to look whether it is up
  };

  Status open(Line& line);
  void read(Line& line);
  void read_all();
  void read_the_rest();
  void tell(Emitter& emitter);
  Wake wait(SteadyTime deadline, const std::stop_token& stop);

  Host& host_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<int> descriptors_;
  SteadyTime look_at_networks_{};
};

}  // namespace trafficd::pcap_input
