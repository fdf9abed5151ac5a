#pragma once
// Whether the write-ahead log beside a database is still what it was, by what `log_end` knows of it. Formats:
// https://www.sqlite.org/walformat.html and fileformat2.html.

#include <cstdint>
#include <filesystem>

#include "history/log_end.hpp"

namespace trafficd {

struct LogCheck {
  enum class State : unsigned char {
    whole,     ///< nothing is missing, or nobody can tell
    shorter,   ///< SQLite goes on from an earlier commit: what came after it is lost
    outdated,  ///< the file has more than what is left of the log, which would make it older: the log must go
    mixed,     ///< the file has half of what the log lost: neither of the two is right
    file_cut,  ///< the file itself is shorter than it says, and the log does not have these pages
  };
  State state = State::whole;
  std::uint32_t pages = 0;  ///< how many the log held, each as often as it was written
  std::uint32_t left = 0;   ///< of these, how many SQLite finds
  std::uint32_t lost = 0;   ///< how many are gone for good; none of `outdated` where the file has them all
  std::int64_t since = 0;   ///< when the log began: nothing from before is lost; unix seconds
  friend bool operator==(const LogCheck&, const LogCheck&) = default;
};

/// Looks at the files and changes none; what cannot be read counts as not there. A log that is gone is no loss where
/// the file is not as it was when the end of the log was noted. Where a process writes meanwhile, it looks again until
/// it finds the same twice, and at last trusts it. Only a database with this `application_id` is taken for one that was
/// cut.
LogCheck check_log(const std::filesystem::path& file, std::uint32_t application_id);

/// Removes the log and its index. False when the system refuses.
bool drop_log(const std::filesystem::path& file);

}  // namespace trafficd
