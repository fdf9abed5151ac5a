#pragma once
// Keeps a machine that starts without a clock from booking traffic into 1970: nothing is collected until the time is
// believable. Counters wait in the kernel meanwhile, so nothing of them is lost.

#include <filesystem>

#include "daemon/signals.hpp"
#include "trafficd/host.hpp"

namespace trafficd {

/// What is wrong with the time.
enum class ClockFault : unsigned char {
  none,
  unset,  ///< before this program was written: nobody has set it
  back,   ///< before the service last wrote a file: perhaps not set yet, perhaps put right after having been wrong
};
/// `newest` is when the service last wrote something, by the clock of then; Timestamp{} when it never did.
ClockFault judge_clock(Timestamp now, Timestamp newest);

/// When a file of the state folder was changed last; Timestamp{} when there is none.
Timestamp newest_change(const std::filesystem::path& state);

/// Sleeps until the time is believable: as long as it takes when it is unset, ten minutes when it only lies before the
/// last files. False when a stop was asked for meanwhile; `reload_wanted` says whether a reload was.
bool wait_for_clock(const Clock& clock, Signals& signals, Logger& log, const std::filesystem::path& state,
                    bool& reload_wanted);

}  // namespace trafficd
