#pragma once
// What passed an interface by the kernel's own counters, and was not captured: it was dropped, or passed while nobody
// looked. Packets come late, so it is told a while later.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "trafficd/host.hpp"

namespace trafficd::pcap_input {

/// What the kernel counted of an interface: both directions, in bytes. `life` is the same as long as its counters go
/// on.
struct Counter {
  std::string life;
  std::uint64_t bytes;
};

/// Of the interface that has this name now, in the network namespace of the thread that asks. None where there is no
/// such interface, or where it cannot be told from another one.
std::optional<Counter> kernel_counter(const std::string& interface);

/// One thread.
class Unseen {
 public:
  using Read = std::function<std::optional<Counter>(const std::string& interface)>;
  /// `comparable`: all that passes the interface is to be captured. Else there is nothing to say, as on a loopback,
  /// which counts each packet twice.
  Unseen(Host& host, std::string interface, bool comparable, Read read = kernel_counter);

  /// The interface is about to be opened, perhaps once more or in its next life; so many bytes were captured before.
  /// What passed since an earlier run is missing, if that came to its `close`.
  void open(std::uint64_t captured);
  /// At each tick: so many bytes were captured so far.
  void look(std::uint64_t captured);
  /// All that was captured, so many bytes, was told. Notes how far it came, so that the next start knows what passed in
  /// between.
  void close(std::uint64_t captured);
  /// A total since the start; nothing where it cannot be said.
  std::optional<std::uint64_t> bytes() const { return known_ ? std::optional(before_ + missing_) : std::nullopt; }

 private:
  struct Reading {
    SteadyTime time;
    std::uint64_t bytes;
  };
  std::optional<std::uint64_t> take_note(const std::string& life);
  std::optional<std::uint64_t> read_of_this_life() const;
  std::uint64_t seen(std::uint64_t captured) const { return base_ + (captured - captured_before_); }

  Host& host_;
  const std::string interface_, key_;
  const bool comparable_;
  const Read read_;
  bool known_ = false;
  std::string life_;
  std::uint64_t base_ = 0;             // the counter where this life begins for us
  std::uint64_t captured_before_ = 0;  // at the begin of this life
  std::uint64_t missing_ = 0;          // in this life
  std::uint64_t before_ = 0;           // in earlier ones, and between two runs
  std::optional<Reading> reading_;
};

}  // namespace trafficd::pcap_input
