#pragma once
// Packets of a network interface, by libpcap with its ring in shared memory (TPACKET_V3). Nothing here blocks: wait for
// `descriptor()` to become readable, then `read` until it says `idle`.
//
// The kernel hands packets over in blocks of 256 KiB: a full one at once, one that holds anything at the latest
// `block_time` after its first packet, an empty one never. So a busy link wakes the reader per block, a quiet one at
// most once a `block_time`, a silent one not at all. And a packet, which bears the time of its passage, is seen up to
// `block_time` later: all that passed up to a moment is there once `block_time` has gone by since. Whoever closes at
// once does without the block that is not full; to have it, wait for the descriptor that long and read.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "capture_filter.hpp"

namespace trafficd::pcap_input {

enum class Direction : std::uint8_t { both, in, out };

struct LiveSettings {
  std::string interface;                       ///< `any`: all of them
  std::string filter;                          ///< in pcap's syntax; empty: everything
  std::uint64_t buffer = 2 * 1024 * 1024;      ///< bytes of the ring, rounded down to blocks of 256 KiB, at least two
  int snap_length = 96;                        ///< bytes kept of each packet
  bool promiscuous = false;                    ///< see frames for others too
  Direction direction = Direction::both;       ///< as seen from this machine
  std::chrono::milliseconds block_time{1000};  ///< how late a packet may come, at least 1 ms; see above
};

/// One thread, that of the instance: `open` raises a right of the calling thread (rights.hpp).
class LiveCapture {
 public:
  enum class State : std::uint8_t {
    more,  ///< as many packets as were asked for came: read again before waiting
    idle,  ///< all that was there is read: wait for the descriptor
    down,  ///< the interface was taken down. The capture stays open and goes on when it is up again; it cannot tell by
           ///< its descriptor when the interface is removed meanwhile, so read again each second or so
    gone,  ///< the interface was removed, or the capture failed: close, and open again later; `trouble` says why
  };
  /// Totals over all captures that this object has opened; they only grow.
  struct Losses {
    std::uint64_t kernel = 0;                ///< packets that found the ring full
    std::optional<std::uint64_t> interface;  ///< that the interface missed; libpcap only tells in promiscuous mode
  };
  static constexpr int chunk = 65'536;

  /// Touches nothing.
  explicit LiveCapture(LiveSettings settings);
  ~LiveCapture();
  LiveCapture(LiveCapture&&) = delete;

  /// Retry when the interface is not there or is down; fatal without the right to capture, for a link type that the
  /// decoder does not read, for a filter that does not fit it. CAP_NET_RAW is not effective in this thread afterwards.
  Status open();
  /// Notes the losses and closes; does nothing when it is not open.
  void close() noexcept;
  bool is_open() const { return handle_ != nullptr; }

  /// To be waited for; -1 when it is not open.
  int descriptor() const { return descriptor_; }
  /// A DLT_ number that is supported; may be another one after each `open`.
  int datalink() const { return datalink_; }
  /// What libpcap warned of when it opened, in one line; empty when of nothing.
  const std::string& warning() const { return warning_; }

  /// Only while it is open. Gives at most `most` packets to the handler, which counts them; never blocks. The stamps
  /// are in nanoseconds: `ts.tv_usec` holds them. The packet's bytes are in the ring, and valid in the handler only.
  /// libpcap calls the handler itself.
  State read(pcap_handler handler, u_char* user, int most = chunk);
  /// Why `down` or `gone`, in one line.
  const std::string& trouble() const { return trouble_; }

  /// Whether the kernel has packets for us that it has not handed over yet, with the rest of their block. Packets that
  /// `direction` leaves out look like that, too.
  bool holds_more();
  /// A call to the kernel; at least once while 2^32 packets can be lost.
  const Losses& losses();

 private:
  Status prepare(pcap_t* handle);
  Status activate(pcap_t* handle);
  void note_losses() noexcept;

  const LiveSettings settings_;
  Handle handle_;
  int descriptor_ = -1;
  int datalink_ = -1;
  std::string warning_, trouble_;
  Losses losses_;
  std::uint32_t given_ = 0;                             // packets of this handle
  std::uint32_t kernel_seen_ = 0, interface_seen_ = 0;  // of this handle, at the last look
};

}  // namespace trafficd::pcap_input
