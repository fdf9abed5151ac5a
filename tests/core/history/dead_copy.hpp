#pragma once
// The files of a database as a kill would leave them now.

#include <filesystem>

#include "trafficd/units.hpp"

namespace trafficd::history {

inline void copy_as_dead(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const char* tail : {"", "-wal", "-shm", "-end"})
    if (std::filesystem::exists(concat(from, tail)))
      std::filesystem::copy_file(concat(from, tail), concat(to, tail),
                                 std::filesystem::copy_options::overwrite_existing),
          std::filesystem::last_write_time(concat(to, tail), std::filesystem::last_write_time(concat(from, tail)));
    else
      std::filesystem::remove(concat(to, tail));
}

}  // namespace trafficd::history
