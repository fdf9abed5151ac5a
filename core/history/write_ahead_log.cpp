#include "history/write_ahead_log.hpp"

#include <sqlite3.h>

#include <limits>

namespace trafficd {

WriteAheadLog::WriteAheadLog(sqlite3* connection, const std::filesystem::path& file, int most_pages)
    : connection_(connection), most_pages_(most_pages), file_(file) {
  // Takes the place of SQLite's own, which folds without telling anybody.
  sqlite3_wal_hook(connection_, &WriteAheadLog::committed, this);
}

WriteAheadLog::~WriteAheadLog() { sqlite3_wal_hook(connection_, nullptr, nullptr); }

void WriteAheadLog::count_until(Timestamp time) noexcept { end_.until = time.time_since_epoch().count(); }

int WriteAheadLog::committed(void* self, sqlite3*, const char*, int frames) {
  auto& log = *static_cast<WriteAheadLog*>(self);
  const auto before = log.end_.salt;
  if (!log.read_salt()) return SQLITE_OK;
  if (log.end_.salt != before) log.end_.folded = log.end_.begun = 0;
  log.end_.frames = static_cast<std::uint32_t>(frames);
  log.file_.write(log.end_);
  if (frames >= log.most_pages_) log.fold();
  return SQLITE_OK;
}

/// It stands in the head of the log. Through SQLite's own handle: no other one may be opened and closed beside it.
bool WriteAheadLog::read_salt() noexcept {
  constexpr sqlite3_int64 place = 16;
  sqlite3_file* log = nullptr;
  return sqlite3_file_control(connection_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log != nullptr &&
         log->pMethods != nullptr &&
         log->pMethods->xRead(log, end_.salt.data(), static_cast<int>(end_.salt.size()), place) == SQLITE_OK;
}

bool WriteAheadLog::fold() noexcept {
  if (end_.frames > 0) {
    end_.begun = std::numeric_limits<std::uint32_t>::max();
    file_.write(end_);
  }
  int logged = 0, folded = 0;
  if (sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &logged, &folded) != SQLITE_OK ||
      logged < 0 || folded < 0)
    return false;
  if (logged > 0 && !read_salt()) return false;
  end_.frames = static_cast<std::uint32_t>(logged);
  end_.folded = end_.begun = static_cast<std::uint32_t>(folded);
  file_.write(end_);
  return folded == logged;
}

}  // namespace trafficd
