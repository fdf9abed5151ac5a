#pragma once
// What the head of a message of HTTP/1 says: its first line, and those headers that say where its body ends. Pure; any
// bytes may come. RFC 9110, RFC 9112.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace trafficd::pcap_input {

/// The part of a target that requests are counted by: everything before the second slash of its path, without the
/// query. What is no printable ASCII is percent-encoded, as it ought to have been; longer ones are cut.
struct Section {
  static constexpr std::size_t most = 64;
  std::array<char, most> text{};
  std::uint8_t length = 0;

  std::string_view view() const { return {text.data(), length}; }
  friend bool operator==(const Section& a, const Section& b) { return a.view() == b.view(); }
};
Section section_of_path(std::string_view path);

/// The known methods by their place in a list, and one for all others.
using Method = std::uint8_t;
Method method_of(std::string_view name);
/// `other` for those that are not known.
std::string_view method_text(Method method);
extern const Method get_method, head_method, connect_method, other_method;

/// The first line of a request. `line` is its beginning, as much as was kept, `end` the last characters of the whole.
struct RequestLine {
  Method method = 0;
  Section section;
};
std::optional<RequestLine> read_request_line(std::string_view line, std::string_view end);
/// The status, 100 to 599: as RFC 9110 wants it, greater ones are faults of the server.
std::optional<int> read_status_line(std::string_view line);

/// Whether a segment looks as if a message began with it.
bool begins_request(std::string_view bytes);
bool begins_response(std::string_view bytes);

/// Where a body ends, as its headers say.
struct Framing {
  std::optional<std::uint64_t> length;
  bool coded = false;    ///< there is a Transfer-Encoding
  bool chunked = false;  ///< and this is its last
  bool broken = false;   ///< they contradict each other

  /// One line of headers, without its end.
  void read_header(std::string_view line);
};

/// The size of a chunk, from its line.
std::optional<std::uint64_t> read_chunk_size(std::string_view line);

}  // namespace trafficd::pcap_input
