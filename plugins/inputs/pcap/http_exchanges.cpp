// The part of HttpStreams that puts requests and answers together.

#include "http_streams.hpp"

namespace trafficd::pcap_input {

using Body = HttpReader::Body;
using Event = HttpReader::Event;

void HttpStreams::read_requests(Stream& stream, std::string_view bytes) {
  HttpReader& reader = stream.requests;
  if (reader.is_lost() && !reader.resume(bytes)) return note(losses_.unparsed_bytes, bytes.size());
  while (!bytes.empty()) {
    const bool in_body = reader.in_body();
    std::size_t taken = 0;
    const Event event = reader.read(bytes, taken);
    if (in_body && stream.asking != none) exchanges_[stream.asking].request_bytes += taken;
    bytes.remove_prefix(taken);
    if (event == Event::head)
      on_request(stream, stream.order_of_client.position() - bytes.size());
    else
      on_requests(stream, event);
    if (reader.is_lost()) return note(losses_.unparsed_bytes, bytes.size());
  }
}

void HttpStreams::on_requests(Stream& stream, Event event) {
  switch (event) {
    case Event::more:
    case Event::head: return;
    case Event::end: return end_request(stream);
    case Event::lost:
      note(losses_.gaps);
      note(losses_.unparsed_bytes, stream.requests.take_unread());
      return end_request(stream);
  }
}

void HttpStreams::on_request(Stream& stream, std::uint64_t head_end) {
  const std::uint32_t made = take_exchange(stream);
  const RequestLine& line = stream.requests.request();
  Exchange& exchange = exchanges_[made];
  exchange.section = line.section;
  exchange.method = line.method;
  exchange.head_end = head_end;
  exchange.request_bytes = stream.requests.head_bytes();
  (stream.last != none ? exchanges_[stream.last].next : stream.first) = made;
  stream.last = made;
  ++stream.waiting;
  stream.asking = made;
  if (stream.requests.expect_body(Body::framed)) end_request(stream);
  if (stream.requests.is_lost()) on_requests(stream, Event::lost);
}

void HttpStreams::end_request(Stream& stream) {
  if (stream.asking == none) return;
  Exchange& exchange = exchanges_[stream.asking];
  if (exchange.answered) {
    post(stream, exchange);
    release(stream.asking);
  }
  stream.asking = none;
}

void HttpStreams::read_responses(Stream& stream, std::string_view bytes) {
  HttpReader& reader = stream.responses;
  if (reader.is_lost() && !reader.resume(bytes)) return note(losses_.unparsed_bytes, bytes.size());
  while (!bytes.empty()) {
    const bool in_body = reader.in_body();
    std::size_t taken = 0;
    const Event event = reader.read(bytes, taken);
    if (in_body && stream.answering) exchanges_[stream.first].response_bytes += taken;
    bytes.remove_prefix(taken);
    on_responses(stream, event);
    if (reader.is_lost()) return note(losses_.unparsed_bytes, bytes.size());
  }
}

void HttpStreams::on_responses(Stream& stream, Event event) {
  switch (event) {
    case Event::more: return;
    case Event::head: return on_response(stream);
    case Event::end: return stream.answering ? end_answer(stream) : void();
    case Event::lost:
      note(losses_.gaps);
      note(losses_.unparsed_bytes, stream.responses.take_unread());
      if (stream.answering) end_answer(stream);
      stream.realign = true;
  }
}

void HttpStreams::on_response(Stream& stream) {
  HttpReader& reader = stream.responses;
  const int status = reader.status();
  const bool known = find_asked(stream);
  if (known) exchanges_[stream.first].response_bytes += reader.head_bytes();
  const bool interim = status < 200 && status != 101;
  if (interim) {
    reader.expect_body(Body::none);
    return;
  }
  if (!known) {
    note(losses_.unmatched_responses);
    if (stream.passed_over == 0) return look_for_next(stream);
    --stream.passed_over;
  } else {
    answer(stream);
  }
  const Method method = known ? exchanges_[stream.first].method : get_method;
  if (status == 101 || (method == connect_method && status < 300)) {
    if (known) end_answer(stream);
    end_request(stream);
    stream.requests.expect_body(Body::foreign);
    reader.expect_body(Body::foreign);
    return;
  }
  const bool empty = method == head_method || status == 204 || status == 304;
  if (reader.expect_body(empty ? Body::none : Body::until_end) && known) end_answer(stream);
  if (reader.is_lost()) on_responses(stream, Event::lost);
}

/// Nobody saw the request: how long its answer is cannot be known, for it may have been HEAD.
void HttpStreams::look_for_next(Stream& stream) {
  stream.responses.lose();
  stream.realign = true;
}

/// Whether the first request that waits is the one that is answered now.
bool HttpStreams::find_asked(Stream& stream) {
  if (stream.realign) stream.passed_over = 0;
  if (stream.passed_over > 0 || stream.first == none) return false;
  const auto was_heard = [&](const Exchange& exchange) {
    return stream.order_of_client.was_acknowledged(exchange.head_end);
  };
  // After a loss: who asks one thing after the other has the answer to what the server heard last.
  while (stream.realign && exchanges_[stream.first].next != none &&
         was_heard(exchanges_[exchanges_[stream.first].next]))
    drop_first(stream);
  stream.realign = false;
  // Nobody answers what was not heard yet: it is the answer to a request that was lost.
  return was_heard(exchanges_[stream.first]);
}

void HttpStreams::answer(Stream& stream) {
  Exchange& exchange = exchanges_[stream.first];
  exchange.status = static_cast<std::uint8_t>(stream.responses.status() / 100);
  stream.answering = true;
  count(stream, exchange);
}

void HttpStreams::end_answer(Stream& stream) {
  stream.answering = false;
  drop_first(stream);
}

/// The first request has waited to its end, answered or not.
void HttpStreams::drop_first(Stream& stream) {
  const std::uint32_t index = stream.first;
  Exchange& exchange = exchanges_[index];
  if (!exchange.counted) count(stream, exchange);
  post(stream, exchange);
  stream.first = exchange.next;
  if (stream.first == none) stream.last = none;
  --stream.waiting;
  if (index == stream.asking)
    exchange.answered = true;
  else
    release(index);
}

void HttpStreams::end_stream(Stream& stream) {
  note(losses_.unparsed_bytes, unread(stream.requests) + unread(stream.responses));
  while (stream.first != none) drop_first(stream);
  end_request(stream);
  stream.order_of_client.give_back(pool_);
  stream.order_of_server.give_back(pool_);
}

std::uint64_t HttpStreams::unread(HttpReader& reader) {
  reader.lose();
  return reader.take_unread();
}

/// Where there is no room, those that wait longest are given up. For each stream without any, one is kept back.
std::uint32_t HttpStreams::take_exchange(Stream& stream) {
  while (stream.waiting > 0 && (stream.waiting >= most_waiting || waiting_ >= most_exchanges_ - most_)) {
    if (stream.answering) {
      stream.answering = false;
      stream.responses.lose();
    } else {
      ++stream.passed_over;
    }
    drop_first(stream);
  }
  ++waiting_;
  if (free_exchange_ == none) {
    exchanges_.emplace_back();
    return static_cast<std::uint32_t>(exchanges_.size() - 1);
  }
  const std::uint32_t index = free_exchange_;
  free_exchange_ = exchanges_[index].next;
  exchanges_[index] = Exchange{};
  return index;
}

void HttpStreams::release(std::uint32_t index) {
  --waiting_;
  exchanges_[index].next = free_exchange_;
  free_exchange_ = index;
}

void HttpStreams::count(const Stream& stream, Exchange& exchange) {
  exchange.counted = true;
  add(stream, exchange, 1);
}

/// What came since it was counted.
void HttpStreams::post(const Stream& stream, Exchange& exchange) {
  if (exchange.counted && exchange.request_bytes + exchange.response_bytes > 0) add(stream, exchange, 0);
}

void HttpStreams::add(const Stream& stream, Exchange& exchange, std::uint64_t requests) {
  counts_.add({stream.ends.server, exchange.section, exchange.method, exchange.status}, stream.ends.client,
              {requests, exchange.request_bytes, exchange.response_bytes});
  exchange.request_bytes = exchange.response_bytes = 0;
}

}  // namespace trafficd::pcap_input
