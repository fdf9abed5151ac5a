#include "http_reader.hpp"

#include <algorithm>
#include <cstring>

namespace trafficd::pcap_input {

using Event = HttpReader::Event;

namespace {

std::string_view without_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

Event HttpReader::read(std::string_view bytes, std::size_t& taken) {
  taken = 0;
  while (taken < bytes.size()) {
    const std::string_view rest = bytes.substr(taken);
    std::size_t part = 0;
    Event event = Event::more;
    switch (state_) {
      case State::lost:
      case State::foreign:
      case State::until_end: taken = bytes.size(); return Event::more;
      case State::length:
      case State::chunk: {
        std::uint64_t passed = 0;
        event = pass_body(rest.size(), passed);
        part = static_cast<std::size_t>(passed);
        break;
      }
      case State::start:
        // Empty lines may stand before a message.
        head_bytes_ = 0;
        state_ = State::first_line;
        [[fallthrough]];
      default: event = read_line(rest, part);
    }
    taken += part;
    if (event != Event::more) return event;
  }
  return Event::more;
}

/// One line, or what is there of it.
Event HttpReader::read_line(std::string_view bytes, std::size_t& taken) {
  const void* const feed = std::memchr(bytes.data(), '\n', bytes.size());
  const std::size_t size = feed == nullptr ? bytes.size() : static_cast<const char*>(feed) - bytes.data();
  taken = size + (feed != nullptr);
  head_bytes_ += taken;
  const std::string_view part = bytes.substr(0, size);
  if (line_length_ < most_kept) {
    const std::string_view kept = part.substr(0, most_kept - line_length_);
    std::memcpy(line_.data() + line_length_, kept.data(), kept.size());
  }
  line_length_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(line_length_ + part.size(), most_head));
  const std::string_view tail = part.substr(part.size() - std::min(part.size(), most_end));
  const std::size_t stay = std::min<std::size_t>(end_length_, most_end - tail.size());
  std::memmove(end_.data(), end_.data() + (end_length_ - stay), stay);
  std::memcpy(end_.data() + stay, tail.data(), tail.size());
  end_length_ = static_cast<std::uint8_t>(stay + tail.size());
  if (head_bytes_ > most_head) return give_up();
  if (feed == nullptr) return Event::more;
  const bool whole = line_length_ <= most_kept;
  const std::string_view line(line_.data(), whole ? line_length_ : most_kept);
  const Event event = on_line(whole ? without_return(line) : line, without_return({end_.data(), end_length_}));
  clear_line();
  return event;
}

Event HttpReader::on_line(std::string_view line, std::string_view end) {
  switch (state_) {
    case State::first_line: return on_first_line(line, end);
    case State::header:
      if (!line.empty()) {
        framing_.read_header(line);
        return Event::more;
      }
      state_ = State::head_ended;
      return Event::head;
    case State::chunk_size: return on_chunk_size(line);
    case State::chunk_end:
      if (!line.empty()) return give_up();
      state_ = State::chunk_size;
      head_bytes_ = 0;
      return Event::more;
    case State::trailer:
      if (!line.empty()) return Event::more;
      state_ = State::start;
      return Event::end;
    default: return give_up();
  }
}

Event HttpReader::on_first_line(std::string_view line, std::string_view end) {
  if (line.empty()) return Event::more;
  if (side_ == Side::requests) {
    const auto request = read_request_line(line, end);
    if (!request) return give_up();
    request_ = *request;
  } else {
    const auto status = read_status_line(line);
    if (!status) return give_up();
    status_ = *status;
  }
  framing_ = {};
  state_ = State::header;
  return Event::more;
}

Event HttpReader::on_chunk_size(std::string_view line) {
  const auto size = read_chunk_size(line);
  if (!size) return give_up();
  left_ = *size;
  head_bytes_ = 0;
  state_ = left_ == 0 ? State::trailer : State::chunk;
  return Event::more;
}

Event HttpReader::pass_body(std::uint64_t size, std::uint64_t& taken) {
  taken = std::min(size, left_);
  left_ -= taken;
  if (left_ > 0) return Event::more;
  if (state_ == State::chunk) {
    state_ = State::chunk_end;
    return Event::more;
  }
  state_ = State::start;
  return Event::end;
}

bool HttpReader::expect_body(Body body) {
  state_ = State::start;
  if (body == Body::none) return true;
  if (body == Body::foreign) {
    state_ = State::foreign;
    return false;
  }
  const bool open_end = body == Body::until_end;
  if (framing_.coded && framing_.chunked) {
    head_bytes_ = 0;
    state_ = State::chunk_size;
  } else if (framing_.coded ? open_end : !framing_.length && open_end) {
    state_ = State::until_end;
  } else if (framing_.coded || framing_.broken) {
    state_ = State::lost;
  } else {
    left_ = framing_.length.value_or(0);
    if (left_ == 0) return true;
    state_ = State::length;
  }
  return false;
}

std::uint64_t HttpReader::blind() const {
  switch (state_) {
    case State::length:
    case State::chunk: return left_;
    case State::lost:
    case State::until_end:
    case State::foreign: return std::numeric_limits<std::uint64_t>::max();
    default: return 0;
  }
}

Event HttpReader::miss(std::uint64_t bytes) {
  if (bytes > blind()) return give_up();
  if (state_ != State::length && state_ != State::chunk) return Event::more;
  std::uint64_t taken = 0;
  return pass_body(bytes, taken);
}

bool HttpReader::finish() {
  const bool ends = state_ == State::until_end;
  lose();
  return ends;
}

bool HttpReader::resume(std::string_view segment) {
  if (side_ == Side::requests ? !begins_request(segment) : !begins_response(segment)) return false;
  clear_line();
  state_ = State::start;
  return true;
}

void HttpReader::lose() {
  if (state_ == State::foreign) return;
  if (state_ == State::first_line || state_ == State::header) unread_ += head_bytes_;
  clear_line();
  state_ = State::lost;
}

Event HttpReader::give_up() {
  lose();
  return Event::lost;
}

void HttpReader::clear_line() {
  line_length_ = 0;
  end_length_ = 0;
}

}  // namespace trafficd::pcap_input
