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
    needless,  ///< it is not whole, but the file has all of it: laid over the file it would make that older
    shorter,   ///< SQLite goes on from an earlier commit: what came after it is lost
    mixed,     ///< the file has taken over a part that the log lost another part of: neither of the two is right
    gone,      ///< there is none: whoever had the database open last has folded it, or it was lost
    file_cut,  ///< the file itself is shorter than it says, and the log does not have these pages
  };
  State state = State::whole;
  std::uint32_t pages = 0;   ///< how many the log held, each as often as it was written
  std::uint32_t lost = 0;    ///< of these, how many are not there any more
  bool half_folded = false;  ///< of `gone`: were it lost, it would be `mixed`, else `shorter`
  std::int64_t until = 0;    ///< of `gone`: up to when the database must count, unless the log was lost; 0 unknown
};

/// Looks at the files and changes none; what cannot be read counts as not there.
LogCheck check_log(const std::filesystem::path& file);

/// Removes the log and what belongs to it. False when the system refuses.
bool drop_log(const std::filesystem::path& file);

}  // namespace trafficd
