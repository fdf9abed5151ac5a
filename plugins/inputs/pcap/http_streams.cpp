#include "http_streams.hpp"

#include <bit>

#include "tables.hpp"

namespace trafficd::pcap_input {

using packet::Transport;

/// What a side sends, on its way to its reader.
class HttpStreams::FromClient final : public HttpOrder::Reader {
 public:
  FromClient(HttpStreams& streams, Stream& stream) : streams_(streams), stream_(stream) {}
  void take(std::string_view bytes) override { streams_.read_requests(stream_, bytes); }
  void miss(std::uint64_t bytes) override { streams_.on_requests(stream_, missed(bytes)); }
  void break_off() override {
    stream_.requests.lose();
    streams_.on_requests(stream_, HttpReader::Event::lost);
  }
  std::uint64_t blind() const override { return stream_.requests.blind(); }

 private:
  HttpReader::Event missed(std::uint64_t bytes) {
    if (stream_.asking != none && bytes <= blind()) streams_.exchanges_[stream_.asking].request_bytes += bytes;
    return stream_.requests.miss(bytes);
  }
  HttpStreams& streams_;
  Stream& stream_;
};

class HttpStreams::FromServer final : public HttpOrder::Reader {
 public:
  FromServer(HttpStreams& streams, Stream& stream) : streams_(streams), stream_(stream) {}
  void take(std::string_view bytes) override { streams_.read_responses(stream_, bytes); }
  void miss(std::uint64_t bytes) override { streams_.on_responses(stream_, missed(bytes)); }
  void break_off() override {
    stream_.responses.lose();
    streams_.on_responses(stream_, HttpReader::Event::lost);
  }
  std::uint64_t blind() const override { return stream_.responses.blind(); }

 private:
  HttpReader::Event missed(std::uint64_t bytes) {
    if (stream_.answering && bytes <= blind()) streams_.exchanges_[stream_.first].response_bytes += bytes;
    return stream_.responses.miss(bytes);
  }
  HttpStreams& streams_;
  Stream& stream_;
};

HttpLosses::HttpLosses(Meter& meter)
    : gaps(meter.counter("http_gaps")),
      unparsed_bytes(meter.counter("http_unparsed_bytes")),
      unmatched_responses(meter.counter("http_unmatched_responses")),
      evicted_streams(meter.counter("http_evicted_streams")),
      cut_segments(meter.counter("http_cut_segments")) {}

HttpStreams::HttpStreams(std::size_t most, HttpCounts& counts, HttpLosses& losses)
    : most_(most),
      most_exchanges_(most_waiting + most * waiting_each),
      counts_(counts),
      losses_(losses),
      pool_(held_blocks),
      seed_(hidden_seed()),
      buckets_(std::bit_ceil(most * 2), none) {
  streams_.reserve(most_);
  free_streams_.reserve(most_);
  exchanges_.reserve(most_exchanges_);
}

std::size_t HttpStreams::bucket_of(const Ends& ends) const {
  std::uint64_t hash = mix(seed_, ends.client.address[0]);
  hash = mix(mix(hash, ends.client.address[1]), ends.server.address[0]);
  hash = mix(mix(hash, ends.server.address[1]), std::uint64_t{ends.client.port} << 16 | ends.server.port);
  return hash & (buckets_.size() - 1);
}

std::uint32_t HttpStreams::look_up(const Ends& ends) const {
  std::uint32_t index = buckets_[bucket_of(ends)];
  while (index != none && !(streams_[index].ends == ends)) index = streams_[index].next_in_bucket;
  return index;
}

std::uint32_t HttpStreams::make(const Ends& ends) {
  if (free_streams_.empty()) {
    if (streams_.size() < most_) {
      streams_.emplace_back();
      free_streams_.push_back(static_cast<std::uint32_t>(streams_.size() - 1));
    } else {
      note(losses_.evicted_streams);
      remove(oldest_);
    }
  }
  const std::uint32_t index = free_streams_.back();
  free_streams_.pop_back();
  Stream& stream = streams_[index];
  stream = Stream{};
  stream.ends = ends;
  std::uint32_t& bucket = buckets_[bucket_of(ends)];
  stream.next_in_bucket = bucket;
  bucket = index;
  link_oldest(index);
  return index;
}

void HttpStreams::remove(std::uint32_t index) {
  Stream& stream = streams_[index];
  end_stream(stream);
  std::uint32_t* place = &buckets_[bucket_of(stream.ends)];
  while (*place != index) place = &streams_[*place].next_in_bucket;
  *place = stream.next_in_bucket;
  unlink(index);
  free_streams_.push_back(index);
}

void HttpStreams::link_newest(std::uint32_t index) {
  streams_[index].newer = none;
  streams_[index].older = newest_;
  (newest_ != none ? streams_[newest_].newer : oldest_) = index;
  newest_ = index;
}

void HttpStreams::link_oldest(std::uint32_t index) {
  streams_[index].older = none;
  streams_[index].newer = oldest_;
  (oldest_ != none ? streams_[oldest_].older : newest_) = index;
  oldest_ = index;
}

void HttpStreams::unlink(std::uint32_t index) {
  const Stream& stream = streams_[index];
  (stream.newer != none ? streams_[stream.newer].older : newest_) = stream.older;
  (stream.older != none ? streams_[stream.older].newer : oldest_) = stream.newer;
}

/// Whether a segment begins another connection between the same ends.
bool HttpStreams::is_stale(const Stream& stream, bool from_client, const Transport& segment) const {
  const HttpOrder& order = from_client ? stream.order_of_client : stream.order_of_server;
  return segment.has(packet::syn_flag) && order.knows_place() && order.first() != segment.sequence + 1;
}

void HttpStreams::see(std::int64_t seconds, const Ends& ends, bool from_client, const Transport& segment) {
  std::uint32_t index = look_up(ends);
  if (index != none && is_stale(streams_[index], from_client, segment)) {
    remove(index);
    index = none;
  }
  if (index == none) {
    if (segment.has(packet::rst_flag)) return;
    // Answers to nobody knows what are no reason to forget another connection.
    const bool tells = segment.has(packet::syn_flag) || (from_client && segment.captured > 0);
    if (!tells) {
      if (segment.missing > 0) note(losses_.cut_segments);
      return note(losses_.unparsed_bytes, segment.captured);
    }
    index = make(ends);
  }
  Stream& stream = streams_[index];
  // Whose ends never say more than greetings drives out only others of that kind.
  stream.spoke = stream.spoke || segment.captured + segment.missing > 0;
  if (stream.spoke && index != newest_) {
    unlink(index);
    link_newest(index);
  }
  stream.last_seen = seconds;
  if (segment.has(packet::rst_flag)) {
    const HttpOrder& order = from_client ? stream.order_of_client : stream.order_of_server;
    if (order.is_near(segment.sequence)) remove(index);
    return;
  }
  put(stream, from_client, segment);
  if (stream.order_of_client.has_ended() && stream.order_of_server.has_ended()) remove(index);
}

void HttpStreams::begin(Stream& stream, bool from_client, const Transport& segment) {
  HttpOrder& order = from_client ? stream.order_of_client : stream.order_of_server;
  HttpReader& reader = from_client ? stream.requests : stream.responses;
  if (segment.has(packet::syn_flag)) {
    order.begin(segment.sequence + 1);
  } else if (segment.captured + segment.missing > 0 || segment.has(packet::fin_flag)) {
    // From the middle: what comes first may be anything.
    order.begin(segment.sequence);
    reader.lose();
  }
}

void HttpStreams::put(Stream& stream, bool from_client, const Transport& segment) {
  FromClient client(*this, stream);
  FromServer server(*this, stream);
  HttpOrder& order = from_client ? stream.order_of_client : stream.order_of_server;
  HttpOrder& other = from_client ? stream.order_of_server : stream.order_of_client;
  HttpOrder::Reader& reader = from_client ? static_cast<HttpOrder::Reader&>(client) : server;
  HttpOrder::Reader& other_reader = from_client ? static_cast<HttpOrder::Reader&>(server) : client;
  if (!order.knows_place()) begin(stream, from_client, segment);
  // First what the other side has said before this.
  if (segment.has(packet::ack_flag)) other.acknowledge(pool_, segment.acknowledged, other_reader);
  const std::uint32_t first = segment.sequence + segment.has(packet::syn_flag);
  const std::uint32_t length = segment.captured + segment.missing;
  const std::string_view bytes(reinterpret_cast<const char*>(segment.payload), segment.captured);
  if (length > 0) order.put(pool_, {first, bytes, segment.missing}, reader);
  if (segment.missing > 0 && (from_client ? stream.requests : stream.responses).is_lost()) note(losses_.cut_segments);
  if (segment.has(packet::fin_flag)) order.end_at(first + length);
  look_for_ends(stream);
}

/// An answer without a length goes up to the end of the connection.
void HttpStreams::look_for_ends(Stream& stream) {
  if (!stream.order_of_server.has_ended()) return;
  if (stream.responses.finish() && stream.answering) end_answer(stream);
}

void HttpStreams::end() {
  while (newest_ != none) remove(newest_);
}

void HttpStreams::settle(std::int64_t seconds) {
  for (std::uint32_t index = newest_, older; index != none; index = older) {
    const Stream& stream = streams_[index];
    older = stream.older;
    if (stream.last_seen < seconds - longest_silence) {
      remove(index);
      continue;
    }
    if (stream.answering) post(stream, exchanges_[stream.first]);
    if (stream.asking != none) post(stream, exchanges_[stream.asking]);
  }
}

}  // namespace trafficd::pcap_input
