#pragma once
// For tests: connections that are made up segment by segment, and what was counted of them as lines of text.

#include <algorithm>
#include <string>
#include <vector>

#include "http.hpp"
#include "packet/made_frames.hpp"
#include "trafficd/testing/host.hpp"

namespace trafficd::pcap_input {

/// An observer with all that it needs.
struct HttpBench {
  explicit HttpBench(HttpSettings settings = {}, std::int64_t max_series = 10'000)
      : host({.max_series = max_series, .state_folder = "/nowhere"}), http(settings, host, "lan0") {}

  void see(const packet::made::Bytes& packet, std::size_t cut = 0) {
    if (keep != nullptr) return keep->push_back(packet);
    packet::Frame frame;
    if (packet::read_frame(packet::Link::raw, packet.data(), static_cast<std::uint32_t>(packet.size() - cut), frame))
      http.see(now, frame);
  }
  Batch tell() {
    Batch batch;
    http.tell(Timestamp(std::chrono::seconds(now)), batch);
    return batch;
  }
  /// `GET /a 2xx 1 30 40 clients 1`: requests, bytes asked, bytes answered; with the server before it where asked for.
  std::vector<std::string> lines(bool servers = false) {
    std::vector<std::string> all;
    for (const Sample& sample : tell()) {
      const auto tag = [&](std::string_view key) { return std::string(*sample.series->tag(key)); };
      std::string line = servers ? tag("server") + " " : "";
      line += tag("method") + " " + tag("section") + " " + tag("status");
      for (int i = 0; i < 3; ++i) line += " " + std::to_string(sample.values[i].as_unsigned());
      line += sample.values[3].absent() ? " clients ?" : " clients " + std::to_string(sample.values[3].as_unsigned());
      all.push_back(line);
    }
    std::ranges::sort(all);
    return all;
  }
  std::uint64_t counted(std::string_view name) { return host.meter().counted(name); }

  testing::TestHost host;
  Http http;
  std::int64_t now = 1'700'000'000;
  std::vector<packet::made::Bytes>* keep = nullptr;  ///< packets go there instead
};

/// One connection.
class Wire {
 public:
  explicit Wire(HttpBench& bench, std::string client = "10.0.0.1", std::string server = "10.0.0.80",
                unsigned client_port = 40'000, unsigned server_port = 80)
      : bench_(bench), ends_{{std::move(client), client_port, 0xffff'fff0}, {std::move(server), server_port, 1000}} {}

  void open() {
    send(0, "", packet::syn_flag, ends_[0].next++);
    send(1, "", packet::syn_flag | packet::ack_flag, ends_[1].next++);
    send(0, "", packet::ack_flag, ends_[0].next);
  }
  /// The client's bytes, in segments of such a size; and the server's.
  void ask(std::string_view bytes, std::size_t size = 1460) { say(0, bytes, size); }
  void answer(std::string_view bytes, std::size_t size = 1460) { say(1, bytes, size); }
  void say(int side, std::string_view bytes, std::size_t size) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
      const std::string_view part = bytes.substr(0, size);
      send(side, part, packet::ack_flag, ends_[side].next);
      ends_[side].next += static_cast<std::uint32_t>(part.size());
    }
  }
  /// Bytes that nobody saw.
  void skip(int side, std::size_t size) { ends_[side].next += static_cast<std::uint32_t>(size); }
  void close() {
    send(0, "", packet::fin_flag | packet::ack_flag, ends_[0].next++);
    send(1, "", packet::fin_flag | packet::ack_flag, ends_[1].next++);
    send(0, "", packet::ack_flag, ends_[0].next);
  }
  void end(int side) { send(side, "", packet::fin_flag | packet::ack_flag, ends_[side].next++); }
  void reset(int side) { send(side, "", packet::rst_flag | packet::ack_flag, ends_[side].next); }
  void acknowledge(int side) { send(side, "", packet::ack_flag, ends_[side].next); }
  std::uint32_t next(int side) const { return ends_[side].next; }

  void send(int side, std::string_view bytes, unsigned flags, std::uint32_t sequence, std::size_t cut = 0) {
    using namespace packet::made;
    const End &from = ends_[side], &to = ends_[1 - side];
    bench_.see(ip(from.address, to.address, 6,
                  tcp(from.port, to.port, sequence, to.next, static_cast<std::uint8_t>(flags),
                      Bytes(bytes.begin(), bytes.end()))),
               cut);
  }

 private:
  struct End {
    std::string address;
    unsigned port;
    std::uint32_t next;
  };
  HttpBench& bench_;
  End ends_[2];
};

inline std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
inline std::string answer_of(const std::string& body, int status = 200) {
  return "HTTP/1.1 " + std::to_string(status) + " x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

}  // namespace trafficd::pcap_input
