#pragma once
// One direction of a connection of HTTP/1, read as its bytes come, split anywhere. Heads are understood, bodies passed
// over; of both, nothing is kept but the beginning of a line that is not whole yet.

#include <limits>
#include <utility>

#include "http_head.hpp"

namespace trafficd::pcap_input {

/// One thread. Allocates nothing.
class HttpReader {
 public:
  enum class Side : std::uint8_t { requests, responses };
  enum class Event : std::uint8_t {
    more,  ///< all bytes were taken
    head,  ///< a head ended here: `expect_body` comes next
    end,   ///< a message with a body ended here
    lost   ///< this is no HTTP, or too much of it is missing; nothing is read until `resume`
  };
  enum class Body : std::uint8_t {
    none,
    framed,     ///< as the head says, and none when it says nothing
    until_end,  ///< the same, but up to the end of the connection when it says nothing
    foreign     ///< what follows is not HTTP any more
  };

  explicit HttpReader(Side side) : side_(side) {}

  /// Takes bytes up to the next event, and says how many: all of them when there was none.
  Event read(std::string_view bytes, std::size_t& taken);
  /// After `head`; true when the message has ended with it. The framing may turn out to be lost.
  bool expect_body(Body body);
  /// So many bytes will never be seen. Those of a body need not be.
  Event miss(std::uint64_t bytes);
  /// How many of the next bytes need not be seen.
  std::uint64_t blind() const;
  /// The connection ended on this side; true when that ends a message.
  bool finish();
  /// Begins anew with a segment, when it looks as if a message began there.
  bool resume(std::string_view segment);
  void lose();

  bool is_lost() const { return state_ == State::lost; }
  bool is_foreign() const { return state_ == State::foreign; }
  bool in_body() const { return state_ > State::head_ended; }

  /// Of the head that ended last.
  const RequestLine& request() const { return request_; }
  int status() const { return status_; }
  std::uint64_t head_bytes() const { return head_bytes_; }
  /// Bytes that were taken for a head, before it turned out to be none. Told once.
  std::uint64_t take_unread() { return std::exchange(unread_, 0); }

 private:
  enum class State : std::uint8_t {
    lost,
    start,  // nothing of the next message has come
    first_line,
    header,
    head_ended,
    // From here on, a body.
    length,
    chunk_size,
    chunk,
    chunk_end,
    trailer,
    until_end,
    foreign
  };

  Event read_line(std::string_view bytes, std::size_t& taken);
  Event on_line(std::string_view line, std::string_view end);
  Event on_first_line(std::string_view line, std::string_view end);
  Event on_chunk_size(std::string_view line);
  Event pass_body(std::uint64_t size, std::uint64_t& taken);
  Event give_up();
  void clear_line();

  // Of a line, what it begins with and what it ends with: no more is needed of any.
  static constexpr std::size_t most_kept = 256, most_end = 16;
  // A head, or the lines around a chunk, with more bytes are none.
  static constexpr std::uint64_t most_head = 256 * 1024;

  Side side_;
  State state_ = State::start;
  std::uint8_t end_length_ = 0;
  std::uint32_t line_length_ = 0;
  std::array<char, most_kept> line_;
  std::array<char, most_end> end_;
  Framing framing_;
  RequestLine request_;
  int status_ = 0;
  std::uint64_t head_bytes_ = 0, unread_ = 0, left_ = 0;
};

}  // namespace trafficd::pcap_input
