#pragma once
// What passed an interface by the kernel's own counters, and was not captured: it was dropped, or passed while nobody
// looked. Packets come late, so this is what is missing at least, and told a while later.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "trafficd/host.hpp"

namespace trafficd::pcap_input {

/// One thread.
class Unseen {
 public:
  /// `comparable`: all that passes the interface is to be captured. Else there is nothing to say. `root` is where /sys
  /// and /proc are.
  Unseen(Host& host, std::string interface, bool comparable, std::filesystem::path root = "/");

  /// The interface was opened, perhaps once more or in its next life; so many bytes were captured before.
  void open(std::uint64_t captured);
  /// At each tick: so many bytes were captured so far. Notes how far it came, so that the next start knows what passed
  /// in between.
  void look(std::uint64_t captured);
  /// A total since the start; nothing where it cannot be said.
  std::optional<std::uint64_t> bytes() const { return known_ ? std::optional(before_ + missing_) : std::nullopt; }

 private:
  struct Reading {
    SteadyTime time;
    std::uint64_t counter;
  };
  std::optional<std::uint64_t> read_counter() const;
  std::string read_life() const;
  void note(std::uint64_t captured);

  Host& host_;
  const std::string interface_;
  const bool comparable_;
  const std::filesystem::path root_;
  bool known_ = false;
  std::string life_, noted_;
  std::uint64_t base_ = 0;             // the counter where this life begins for us
  std::uint64_t captured_before_ = 0;  // at the begin of this life
  std::uint64_t missing_ = 0;          // in this life, at least
  std::uint64_t before_ = 0;           // in earlier ones
  std::optional<Reading> reading_;
};

}  // namespace trafficd::pcap_input
