#pragma once
// What is asked of web servers, and what they answer, by looking at the packets between them and their clients.

#include <bitset>
#include <memory>
#include <string>
#include <vector>

#include "http_streams.hpp"
#include "packet/frame.hpp"

namespace trafficd::pcap_input {

struct HttpSettings {
  bool on = true;
  std::vector<int> ports{80, 8080};
  std::vector<Network> servers;  ///< empty: all
  std::uint64_t max_streams = 4096;
  std::uint64_t max_rows = 500;
};

/// The options of the block `http`.
Options<HttpSettings> http_options();

/// One thread.
class Http {
 public:
  /// Takes its memory, and series from the host.
  Http(const HttpSettings& settings, Host& host, std::string interface);

  /// One packet: when it came in unix seconds, and where things stand in it. Allocates nothing once its tables are
  /// full.
  void see(std::int64_t seconds, const packet::Frame& frame);
  /// No packet comes any more: requests that still wait are not answered.
  void end() { streams_.end(); }
  /// Samples of all that was counted.
  void tell(Timestamp time, Batch& out);

 private:
  void see_segment(std::int64_t seconds, const packet::Frame& frame, const packet::Transport& segment);
  bool is_server(const HttpEnd& end) const;

  std::bitset<65536> ports_;
  std::vector<Network> servers_;
  HttpLosses losses_;
  HttpCounts counts_;
  HttpStreams streams_;
};

}  // namespace trafficd::pcap_input
