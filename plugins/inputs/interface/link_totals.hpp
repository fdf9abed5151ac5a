#pragma once
// From what the kernel shows to totals that only grow. On 32-bit kernels many drivers count in 32 bits: a wrap that can
// be nothing else is carried on. And what each interface had reached is remembered now and then, so that counters which
// fell while nobody looked are noticed.

#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "link_counters.hpp"
#include "link_lives.hpp"
#include "trafficd/host.hpp"

namespace trafficd::interface {

/// Whether the kernel may count in 32 bits, by the machine that it was built for (`armv7l`, `x86_64`): newer ones tell
/// it below /proc, and when that is of `this_machine` the system call does.
bool narrow_kernel(const std::filesystem::path& proc, bool this_machine);

class LinkTotals {
 public:
  explicit LinkTotals(Host& host) : host_(host) {}

  /// `origin`: the boot and the network namespace; what was remembered of another one is thrown away.
  void open(std::string origin, bool narrow);
  void close() { links_.clear(); }

  struct Step {
    Fall fall = Fall::none;
    bool unwatched = false;  ///< since what was remembered: nobody looked on
  };
  /// Turns what was read now into totals, and tells whether the counters fell since the last time. `max_rate`: bytes a
  /// second, 0 when not known.
  Step follow(int index, LinkCounters& counters, std::uint64_t max_rate, Timestamp now);
  /// The same totals out of an announcement, which the next reading knows nothing of.
  LinkCounters totals_of(int index, LinkCounters counters, std::uint64_t max_rate, Timestamp now) const;
  /// Its counters began anew: they are totals as they were read, and turned back to that.
  void restart(int index, LinkCounters& counters, Timestamp now);
  /// Whether it was followed before this start.
  bool remembers(int index) const;
  void end(int index);
  /// Ends all others.
  void keep_only(const std::set<int>& present);

 private:
  struct Memory {
    LinkCounters raw{};                                    ///< as read last
    std::array<std::uint64_t, link_counter_count> base{};  ///< what its wraps add
    Timestamp time;                                        ///< of the reading
    std::array<std::uint64_t, 2> saved{};                  ///< totals of bytes as remembered
    bool kept = false;                                     ///< it stands in the state
    bool remembered = false;                               ///< from before this start, and not followed yet
  };
  static std::string key(int index) { return "totals/" + std::to_string(index); }
  bool carry_wraps(Memory& memory, const LinkCounters& now, std::uint64_t max_rate, Timestamp time) const;
  bool due(const Memory& memory) const;
  void save(int index, Memory& memory);
  bool parse(std::string_view text, Memory& memory) const;

  Host& host_;
  std::string origin_;
  bool narrow_ = false;
  std::map<int, Memory> links_;
};

}  // namespace trafficd::interface
