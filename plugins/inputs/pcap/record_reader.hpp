#pragma once
// The records of a classic capture file (not of pcapng), after draft-ietf-opsawg-pcap. libpcap calls the C library
// twice for each packet, which costs more than all that is done with it here; what is before the records, it judges.
// Any bytes may come.

#include <pcap/pcap.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <sys/types.h>

namespace trafficd::pcap_input {

/// One thread. Takes its memory at once.
class RecordReader {
 public:
  struct Form {
    bool swapped = false;      ///< written by a machine of the other byte order
    bool nanoseconds = false;  ///< else microseconds
    std::uint32_t keeps = 0;   ///< bytes of a packet: the file's snap length, as libpcap understands it
  };
  /// Puts up to `size` bytes there; 0 at the end, less when they cannot be read. It may wait.
  using Fill = std::function<ssize_t(char* out, std::size_t size)>;
  enum class Outcome : std::uint8_t { more, ended, cut_off, damaged, unreadable };

  static constexpr std::size_t header_size = 24;
  /// More no packet holds: libpcap's bound.
  static constexpr std::uint32_t most_kept = 262'144;

  /// What the file's first bytes say, but for `keeps`. Nothing when they are not those of a classic file, or of one of
  /// its rare variants and old versions.
  static std::optional<Form> form_of(std::string_view header);

  /// Of what follows the file's header.
  RecordReader(const Form& form, Fill fill);

  /// `ended` is said by itself, after all packets were given; a trouble when the packets before it were.
  /// Gives at most `most` packets to the handler, with stamps in nanoseconds in `ts.tv_usec`; their bytes are valid in
  /// the handler only.
  Outcome read(pcap_handler handler, u_char* user, int most);
  /// How far the file was understood, in bytes from its begin.
  std::uint64_t place() const { return place_; }

 private:
  static constexpr std::size_t record_header = 16;

  pcap_pkthdr header_at(const char* bytes) const;
  /// Whether so many bytes stand at `at_`, after reading more where they do not yet.
  bool have(std::size_t size) { return static_cast<std::size_t>(end_ - at_) >= size || fetch(size); }
  bool fetch(std::size_t size);
  Outcome why_not(std::size_t wanted);

  const Form form_;
  const Fill fill_;
  std::unique_ptr<char[]> buffer_;
  const char *at_, *end_;
  std::uint64_t place_ = header_size;
  bool unreadable_ = false;
};

}  // namespace trafficd::pcap_input
