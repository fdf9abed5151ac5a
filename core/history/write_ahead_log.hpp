#pragma once
// The write-ahead log of an open database: folded back into the file after so many pages, as SQLite would by itself,
// and after each commit it is noted where it ends.

#include <filesystem>

#include "history/log_end.hpp"

struct sqlite3;

namespace trafficd {

class WriteAheadLog {
 public:
  /// The connection has gone over to write-ahead logging, and outlives this.
  WriteAheadLog(sqlite3* connection, const std::filesystem::path& file, int most_pages);
  ~WriteAheadLog();
  WriteAheadLog(const WriteAheadLog&) = delete;
  WriteAheadLog& operator=(const WriteAheadLog&) = delete;

  /// As far as readers let, and to the disk. False when some of it is left, or nobody knows.
  bool fold() noexcept;
  /// The log that was found was shorter than what is noted of it.
  void ends_at(std::uint32_t frames) noexcept;

 private:
  static int committed(void* self, sqlite3* connection, const char* schema, int frames);
  void look_at(const std::array<unsigned char, 8>& salt) noexcept;

  sqlite3* connection_;
  const int most_pages_;
  LogEnd end_;
  LogEndFile file_;
};

}  // namespace trafficd
