#pragma once
// The connections over which HTTP is spoken: which answer belongs to which request. A table of a fixed size; when it is
// full, the connection that was silent longest leaves.

#include <atomic>
#include <vector>

#include "http_counts.hpp"
#include "http_order.hpp"
#include "http_reader.hpp"
#include "packet/transport.hpp"

namespace trafficd::pcap_input {

/// Totals of what could not be counted, or not surely.
struct HttpLosses {
  explicit HttpLosses(Meter& meter);
  std::atomic<std::uint64_t>&gaps, &unparsed_bytes, &unmatched_responses, &evicted_streams, &cut_segments;
};

/// One thread. Takes its memory as connections come, up to a bound; no packet beyond that allocates.
class HttpStreams {
 public:
  struct Ends {
    HttpEnd client, server;
    friend bool operator==(const Ends&, const Ends&) = default;
  };

  HttpStreams(std::size_t most, HttpCounts& counts, HttpLosses& losses);

  bool knows(const Ends& ends) const { return look_up(ends) != none; }
  /// One segment, from the client or from the server.
  void see(std::int64_t seconds, const Ends& ends, bool from_client, const packet::Transport& segment);
  /// Before a tick: what was counted of answers that are still on their way; connections that were silent for long go.
  void settle(std::int64_t seconds);

  /// Ends all connections.
  void end();

  /// In seconds.
  static constexpr std::int64_t longest_silence = 300;
  /// Requests that wait for their answer: of one connection, and, for each connection that there may be, of all.
  static constexpr std::size_t most_waiting = 4096, waiting_each = 4;
  static constexpr std::size_t held_blocks = 1024;

 private:
  static constexpr std::uint32_t none = SegmentPool::none;

  /// A request and its answer.
  struct Exchange {
    Section section;
    Method method = 0;
    std::uint8_t status = 0;
    bool counted = false;
    bool answered = false;  // wholly, while it is still being asked
    std::uint32_t next = none;
    std::uint64_t head_end = 0;                           // in what the client sends
    std::uint64_t request_bytes = 0, response_bytes = 0;  // still to be added
  };
  struct Stream {
    Ends ends;
    HttpOrder order_of_client, order_of_server;
    HttpReader requests{HttpReader::Side::requests}, responses{HttpReader::Side::responses};
    std::uint32_t first = none, last = none, waiting = 0;  // exchanges without a whole answer
    std::uint32_t asking = none;                           // whose request is not whole
    bool answering = false;                                // the first one is being answered
    bool realign = false;                                  // answers may be lost
    bool spoke = false;                                    // more than greetings came
    std::uint32_t passed_over = 0;                         // requests that were given up; their answers come
    std::uint32_t newer = none, older = none, next_in_bucket = none;
    std::int64_t last_seen = 0;
  };
  class FromClient;
  class FromServer;

  std::size_t bucket_of(const Ends& ends) const;
  std::uint32_t look_up(const Ends& ends) const;
  std::uint32_t make(const Ends& ends);
  void remove(std::uint32_t index);
  void link_newest(std::uint32_t index);
  void link_oldest(std::uint32_t index);
  void unlink(std::uint32_t index);
  bool is_stale(const Stream& stream, bool from_client, const packet::Transport& segment) const;
  void begin(Stream& stream, bool from_client, const packet::Transport& segment);
  void put(Stream& stream, bool from_client, const packet::Transport& segment);
  void look_for_ends(Stream& stream);

  void read_requests(Stream& stream, std::string_view bytes);
  void read_responses(Stream& stream, std::string_view bytes);
  void on_requests(Stream& stream, HttpReader::Event event);
  void on_responses(Stream& stream, HttpReader::Event event);
  void on_request(Stream& stream, std::uint64_t head_end);
  void on_response(Stream& stream);
  void answer(Stream& stream);
  void look_for_next(Stream& stream);
  bool find_asked(Stream& stream);
  void end_request(Stream& stream);
  void end_answer(Stream& stream);
  void drop_first(Stream& stream);
  void end_stream(Stream& stream);

  std::uint32_t take_exchange(Stream& stream);
  void release(std::uint32_t exchange);
  void count(const Stream& stream, Exchange& exchange);
  void post(const Stream& stream, Exchange& exchange);
  void add(const Stream& stream, Exchange& exchange, std::uint64_t requests);
  static std::uint64_t unread(HttpReader& reader);
  void note(std::atomic<std::uint64_t>& counter, std::uint64_t amount = 1) {
    counter.fetch_add(amount, std::memory_order_relaxed);
  }

  std::size_t most_, most_exchanges_;
  HttpCounts& counts_;
  HttpLosses& losses_;
  SegmentPool pool_;
  std::uint64_t seed_;
  std::vector<std::uint32_t> buckets_;
  std::vector<Stream> streams_;
  std::vector<std::uint32_t> free_streams_;
  std::vector<Exchange> exchanges_;
  std::uint32_t free_exchange_ = none;
  std::size_t waiting_ = 0;  // exchanges in use
  std::uint32_t newest_ = none, oldest_ = none;
};

}  // namespace trafficd::pcap_input
