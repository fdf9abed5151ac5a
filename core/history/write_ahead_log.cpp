#include "history/write_ahead_log.hpp"

#include <sqlite3.h>

#include <chrono>
#include <optional>

namespace trafficd {

namespace {

using Salt = decltype(LogEnd::salt);

/// Through SQLite's own handle: closing another one would let go of the locks of this process.
sqlite3_file* log_of(sqlite3* connection) {
  sqlite3_file* log = nullptr;
  const bool open = sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
                    log != nullptr && log->pMethods != nullptr;
  return open ? log : nullptr;
}

/// Nothing where there is no log yet.
std::optional<Salt> salt_of(sqlite3_file* log) {
  constexpr sqlite3_int64 place = 16;
  Salt salt;
  if (log == nullptr || log->pMethods->xRead(log, salt.data(), static_cast<int>(salt.size()), place) != SQLITE_OK)
    return {};
  return salt;
}

}  // namespace

WriteAheadLog::WriteAheadLog(sqlite3* connection, const std::filesystem::path& file, int most_pages)
    : connection_(connection), most_pages_(most_pages), end_(read_log_end(file).value_or(LogEnd{})), file_(file) {
  // Takes the place of SQLite's own, which folds without telling anybody.
  sqlite3_wal_hook(connection_, &WriteAheadLog::committed, this);
}

WriteAheadLog::~WriteAheadLog() { sqlite3_wal_hook(connection_, nullptr, nullptr); }

void WriteAheadLog::ends_at(std::uint32_t frames) noexcept {
  end_.frames = frames;
  file_.write(end_);
}

/// Of a log that began anew, or that nobody knew, nothing is in the file yet as far as we know.
void WriteAheadLog::look_at(const std::array<unsigned char, 8>& salt) noexcept {
  if (salt == end_.salt) return;
  end_.salt = salt;
  end_.frames = end_.begun = end_.complete = 0;
  end_.since = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()).time_since_epoch().count();
}

int WriteAheadLog::committed(void* self, sqlite3* connection, const char*, int frames) {
  auto& log = *static_cast<WriteAheadLog*>(self);
  const std::optional<Salt> salt = salt_of(log_of(connection));
  if (!salt) return SQLITE_OK;
  log.look_at(*salt);
  log.end_.frames = static_cast<std::uint32_t>(frames);
  log.file_.write(log.end_);
  if (frames >= log.most_pages_) log.fold();
  return SQLITE_OK;
}

bool WriteAheadLog::fold() noexcept {
  sqlite3_file* file = log_of(connection_);
  const std::optional<Salt> salt = salt_of(file);
  if (!salt) return true;
  look_at(*salt);
  const std::uint32_t begun_before = end_.begun;
  if (end_.frames > 0) {
    // SQLite would do it next: with the note on the disk and the log not, a power cut would look like half a fold.
    if (file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) != SQLITE_OK) return false;
    end_.begun = end_.frames;
    file_.write(end_);
  }
  int logged = 0, folded = 0;
  const int answer = sqlite3_wal_checkpoint_v2(connection_, nullptr, SQLITE_CHECKPOINT_PASSIVE, &logged, &folded);
  if (answer == SQLITE_BUSY) {
    end_.begun = begun_before;
    file_.write(end_);
  }
  // Somebody else may have begun it anew meanwhile: then these numbers are of no log.
  if (answer != SQLITE_OK || logged < 0 || folded < 0 || salt_of(file) != salt) return false;
  end_.frames = static_cast<std::uint32_t>(logged);
  end_.begun = static_cast<std::uint32_t>(folded);
  if (folded == logged) end_.complete = end_.frames;
  file_.write(end_);
  return folded == logged;
}

}  // namespace trafficd
