#pragma once
// The bounded table of what was asked over HTTP: a row for each server, section, method and class of status.

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <string>
#include <vector>

#include "http_head.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::pcap_input {

const MeasurementPtr& http_measurement();

/// One end of a connection, in network order; of IPv4, the first four bytes.
struct HttpEnd {
  std::array<std::uint64_t, 2> address{};
  std::uint16_t port = 0;
  bool ipv6 = false;
  friend bool operator==(const HttpEnd&, const HttpEnd&) = default;
};
/// `192.0.2.1:80`, `[2001:db8::1]:80`.
std::string end_text(const HttpEnd& end);

/// Mixes what strangers choose with what they do not know.
inline std::uint64_t mix(std::uint64_t hash, std::uint64_t more) {
  __extension__ using Wide = unsigned __int128;
  // Both halves: in the lower one, the upper bits of what was mixed are hardly seen.
  const Wide product = Wide{hash ^ more} * 0x9e3779b97f4a7c15U;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// What a row is about. The class of a status is its first digit; 0 where no answer was seen.
struct HttpSubject {
  HttpEnd server;
  Section section;
  Method method = 0;
  std::uint8_t status = 0;
  friend bool operator==(const HttpSubject&, const HttpSubject&) = default;
};

struct HttpAmounts {
  std::uint64_t requests = 0, request_bytes = 0, response_bytes = 0;
};

/// One thread. Takes its memory at the start; counting allocates nothing.
class HttpCounts {
 public:
  /// Room for so many rows; those of `other` stand beside them.
  HttpCounts(std::size_t most_rows, Host& host, std::string interface);

  void add(const HttpSubject& subject, const HttpEnd& client, const HttpAmounts& amounts);
  /// A sample for each row that changed since the last time, and one more when it first did not. Then rows that rest
  /// leave if the table is nearly full.
  void tell(Timestamp time, Batch& out);

  /// So many pairs of a row and a client are told apart between two ticks.
  static constexpr std::size_t most_clients = 65'536;

 private:
  struct Row {
    HttpSubject subject;
    HttpAmounts amounts;
    SeriesPtr series;
    std::uint64_t epoch = 0;       // 0: not told to anybody yet
    std::uint64_t changed_in = 0;  // the number of a tick
    std::uint32_t clients = 0;     // in this interval
    bool more_clients = false;     // than could be told apart
    bool used = false, changed = false, rests = false;
  };
  struct Hash {
    using is_avalanching = void;
    std::uint64_t seed;
    std::size_t operator()(const HttpSubject& subject) const;
    std::size_t operator()(std::uint64_t hash) const { return hash; }
  };

  static constexpr std::size_t others = 6;

  std::uint32_t find(const HttpSubject& subject);
  void see_client(std::uint32_t row, const HttpEnd& client);
  void tell_row(Row& row, Timestamp time, Batch& out);
  void fold(Row& row);
  void make_room();
  void free(Row& row);

  std::size_t most_;
  Host& host_;
  std::string interface_;
  Hash hash_;
  boost::unordered_flat_map<HttpSubject, std::uint32_t, Hash> places_;
  boost::unordered_flat_set<std::uint64_t, Hash> clients_;
  std::vector<Row> rows_;
  std::vector<std::uint32_t> free_;
  std::uint64_t ticks_ = 0;
  bool erased_ = false;  // since the table was refreshed
  std::atomic<std::uint64_t>& uncounted_clients_;
};

}  // namespace trafficd::pcap_input
