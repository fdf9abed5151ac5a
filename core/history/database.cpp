#include "history/database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "history/write_ahead_log.hpp"
#include "trafficd/calendar.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

using Kind = DatabaseError::Kind;

constexpr off_t least_size = 512;  // of a database

Kind kind_of_errno(int error) {
  if (error == ENOSPC || error == EDQUOT) return Kind::full;
  if (error == EROFS || error == EACCES || error == EPERM) return Kind::readonly;
  return Kind::other;
}

Kind kind_of(int code, int system_error) {
  switch (code & 0xff) {
    case SQLITE_FULL: return Kind::full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return Kind::readonly;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Kind::damaged;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Kind::busy;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return kind_of_errno(system_error);
    default: return Kind::other;
  }
}

const char* advice(Kind kind) {
  switch (kind) {
    case Kind::full: return "; free some space";
    case Kind::readonly: return "; make the file and its folder writable for this user, or choose another file";
    case Kind::busy: return "; another program is writing to it";
    case Kind::damaged:
    case Kind::missing:
    case Kind::other: break;
  }
  return "";
}

DatabaseError describe(sqlite3* handle, const std::filesystem::path& file, std::string_view doing, int code) {
  const int system_error = handle == nullptr ? 0 : sqlite3_system_errno(handle);
  const std::string_view reason = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
  // Of a head that is damaged SQLite says no more than this.
  const bool unknown_format = reason == "unsupported file format";
  const Kind kind = unknown_format ? Kind::damaged : kind_of(code, system_error);
  std::string text = concat("could not ", doing, " '", file, "': ", reason);
  // SQLite remembers the last error of the system, which explains only failures of reading and writing.
  const int plain = code & 0xff;
  if (system_error != 0 && (plain == SQLITE_IOERR || plain == SQLITE_CANTOPEN))
    text += concat(" (", std::strerror(system_error), ")");
  return {kind, text + advice(kind)};
}

[[noreturn]] void cannot_make(const std::filesystem::path& file, int reason) {
  // Made by us, the folder of a disk that is not mounted yet would hide what is on it.
  if (reason == ENOENT)
    throw DatabaseError(Kind::other, concat("could not make '", file, "': there is no folder '", file.parent_path(),
                                            "'; make it, or mount the disk that it is on"));
  const Kind kind = reason == ENOTDIR || reason == EEXIST ? Kind::readonly : kind_of_errno(reason);
  throw DatabaseError(kind, concat("could not make '", file, "': ", std::strerror(reason), advice(kind)));
}

/// Made by us, so that the mode is ours whatever the umask says: everybody may read what this machine moved. It appears
/// whole, with a first page: so an empty file is one that was cut off, and never one that is just being made.
void create(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) == 0) return;
  if (errno != ENOENT) cannot_make(file, errno);
  if (::lstat(file.c_str(), &found) == 0)
    throw DatabaseError(Kind::other,
                        concat("could not make '", file, "': it is a link to what is not there; mount the ",
                               "disk that it leads to, or remove the link"));
  const std::filesystem::path draft = concat(file, ".new");
  const auto give_up = [&](int reason) {
    for (const char* tail : {"", "-journal"}) ::unlink(concat(draft, tail).c_str());
    cannot_make(file, reason);
  };
  // What a kill left behind; never through a link that somebody else put there.
  ::unlink(draft.c_str());
  const int made = ::open(draft.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (made < 0) cannot_make(file, errno);
  ::fchmod(made, 0644);
  ::close(made);
  try {
    SQLite::Database database(draft.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX);
    if (database.tryExec("PRAGMA user_version=0") != SQLITE_OK)
      give_up(database.getExtendedErrorCode() == SQLITE_FULL ? ENOSPC : sqlite3_system_errno(database.getHandle()));
  } catch (const SQLite::Exception&) {
    give_up(errno);
  }
  if (::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) == 0) return;
  // Somebody was faster, which is as good; and not every file system knows how to look out for that.
  const bool unknown = errno == EINVAL || errno == ENOSYS;
  if (errno == EEXIST || (unknown && ::rename(draft.c_str(), file.c_str()) == 0)) {
    ::unlink(draft.c_str());
    return;
  }
  give_up(errno);
}

/// The index of the log is memory that is mapped from a file. Where the disk has no room for a page of it, touching
/// that page ends the process (SQLite makes sure of pages of 4 KiB, and there are file systems with smaller ones).
void require_room_for_index(const std::filesystem::path& file) {
  constexpr std::uint64_t index_size = 32 * 1024, wanted = 2 * index_size;
  struct stat index {};
  if (::stat(beside(file, "-shm").c_str(), &index) == 0 && static_cast<std::uint64_t>(index.st_size) >= index_size &&
      index.st_blocks * 512 >= index.st_size)
    return;
  struct statvfs disk {};
  // Some file systems tell no size.
  if (::statvfs(file.c_str(), &disk) != 0 || disk.f_blocks == 0) return;
  const std::uint64_t blocks = ::geteuid() == 0 ? disk.f_bfree : disk.f_bavail;
  if (blocks * disk.f_frsize < wanted)
    throw DatabaseError(Kind::full, concat("could not open '", file, "': its disk is full", advice(Kind::full)));
}

}  // namespace

Statement::Statement(Database& database, const std::string& sql) : database_(&database) {
  try {
    statement_ = std::make_unique<SQLite::Statement>(*database.database_, sql);
  } catch (const SQLite::Exception&) {
    database.fail("prepare a statement for");
  }
}
Statement::~Statement() = default;
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;

void Statement::fail(const char* doing) const {
  const DatabaseError error = describe(database_->database_->getHandle(), database_->file(), doing,
                                       sqlite3_extended_errcode(database_->database_->getHandle()));
  statement_->tryReset();
  throw error;
}

Statement& Statement::bind(int place, std::int64_t number) { return statement_->bind(place, number), *this; }
Statement& Statement::bind(int place, double number) { return statement_->bind(place, number), *this; }
Statement& Statement::bind(int place, std::string_view text) {
  statement_->bind(place, std::string(text));
  return *this;
}
Statement& Statement::bind_blob(int place, std::string_view bytes) {
  statement_->bind(place, static_cast<const void*>(bytes.data()), static_cast<int>(bytes.size()));
  return *this;
}
Statement& Statement::bind_borrowed_blob(int place, std::string_view bytes) {
  statement_->bindNoCopy(place, static_cast<const void*>(bytes.data()), static_cast<int>(bytes.size()));
  return *this;
}
Statement& Statement::bind_null(int place) { return statement_->bind(place), *this; }

bool Statement::step() {
  const int answer = statement_->tryExecuteStep();
  if (answer == SQLITE_ROW) return true;
  if (answer != SQLITE_DONE) fail("use");
  statement_->tryReset();
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

void Statement::reset() { statement_->tryReset(); }

bool Statement::is_null(int column) const { return statement_->isColumnNull(column); }
std::int64_t Statement::integer(int column) const { return statement_->getColumn(column).getInt64(); }
double Statement::real(int column) const { return statement_->getColumn(column).getDouble(); }
std::string_view Statement::bytes(int column) const {
  const SQLite::Column value = statement_->getColumn(column);
  const void* data = value.getBlob();
  return {static_cast<const char*>(data), data == nullptr ? 0 : static_cast<std::size_t>(value.getBytes())};
}

Database::Database(const std::filesystem::path& file, const Settings& settings) : file_(file) {
  if (settings.mode == Mode::read_write)
    create(file_);
  else if (!std::filesystem::exists(file_))
    throw DatabaseError(Kind::missing, concat("there is no file '", file_, "'"));
  // SQLite takes it for a database that holds nothing.
  struct stat found {};
  if (settings.mode == Mode::read_write && ::stat(file_.c_str(), &found) == 0 && S_ISREG(found.st_mode) &&
      found.st_size < least_size)
    throw DatabaseError(Kind::damaged, concat("'", file_, "' is cut off: it has ", found.st_size, " bytes"));
  if (std::filesystem::exists(beside(file_, "-wal"))) require_room_for_index(file_);
  // SQLite would say no more than that it could not open it.
  std::error_code error;
  if (std::filesystem::is_directory(file_, error))
    throw DatabaseError(Kind::other, concat("'", file_, "' is a folder; choose a file, or remove the folder"));
  open(settings);
}

void Database::open(const Settings& settings) {
  const bool writing = settings.mode == Mode::read_write;
  try {
    database_ = std::make_unique<SQLite::Database>(
        file_.string(), (writing ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY) | SQLite::OPEN_NOMUTEX);
  } catch (const SQLite::Exception& e) {
    const int reason = errno;
    const Kind kind =
        kind_of(e.getExtendedErrorCode(), ::access(file_.c_str(), writing ? W_OK : R_OK) == 0 ? 0 : reason);
    throw DatabaseError(kind, concat("could not open '", file_, "': ", e.what(), advice(kind)));
  }
  sqlite3_busy_timeout(
      database_->getHandle(),
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(settings.busy_timeout).count()));
  sqlite3_extended_result_codes(database_->getHandle(), 1);
  // A column whose name is damaged must not pass for a text. In what is written, somebody's trigger may need that.
  if (!writing) sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  // Closing must not touch a file that may be damaged; `settle` is the one that folds the log back.
  sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  exec(concat("PRAGMA cache_size=-", settings.cache_kib));
}

void Database::log_ahead(int wal_pages) {
  require_room_for_index(file_);
  exec("PRAGMA journal_mode=WAL");
  exec("PRAGMA synchronous=NORMAL");
  exec(concat("PRAGMA journal_size_limit=", wal_pages * 4096));
  log_ = std::make_unique<WriteAheadLog>(database_->getHandle(), file_, wal_pages);
}

Database::~Database() = default;

void Database::fail(const char* doing) const {
  throw describe(database_->getHandle(), file_, doing, sqlite3_extended_errcode(database_->getHandle()));
}

void Database::exec(const std::string& sql) {
  if (database_->tryExec(sql) != SQLITE_OK) fail("use");
}

std::int64_t Database::value(const std::string& sql) {
  Statement statement(*this, sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::optional<std::string> Database::text(const std::string& sql) {
  Statement statement(*this, sql);
  if (!statement.step() || statement.is_null(0)) return {};
  return std::string(statement.bytes(0));
}

std::int64_t Database::last_id() const { return database_->getLastInsertRowid(); }
int Database::changes() const { return sqlite3_changes(database_->getHandle()); }

bool Database::fold_log() noexcept { return log_ && log_->fold(); }
void Database::log_ends_at(std::uint32_t pages) noexcept {
  if (log_) log_->ends_at(pages);
}

void Database::settle() noexcept {
  // A failure leaves the log in place, from which the next one to open the file goes on.
  fold_log();
  sqlite3_busy_timeout(database_->getHandle(), 100);
  std::error_code unknown;
  if (sqlite3_exec(database_->getHandle(), "PRAGMA journal_mode=DELETE", nullptr, nullptr, nullptr) != SQLITE_OK ||
      std::filesystem::exists(beside(file_, "-wal"), unknown) || unknown)
    return;
  log_.reset();
  remove_log_end(file_);
}

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  if (kind == Kind::read) {
    database_.exec("BEGIN");
    return;
  }
  if (!database_.begin_) database_.begin_.emplace(database_, "BEGIN IMMEDIATE");
  database_.begin_->run();
}
Transaction::~Transaction() {
  if (done_) return;
  try {
    database_.exec("ROLLBACK");
  } catch (const DatabaseError&) {
    return;  // SQLite has rolled back by itself already
  }
}
void Transaction::commit() {
  if (!database_.commit_) database_.commit_.emplace(database_, "COMMIT");
  database_.commit_->run();
  done_ = true;
}

bool is_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string head(100, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  const bool whole = in.peek() == std::ifstream::traits_type::eof();
  if (std::string_view("SQLite format 3").starts_with(head)) return false;  // the beginning of a database
  std::string_view rest = head;
  while (!rest.empty()) {
    const auto first = static_cast<unsigned char>(rest.front());
    const std::size_t length = utf8_length(rest);
    // The last character may be cut off by our limit.
    if (length == 0) return !whole && rest.size() < 4 && rest.size() < head.size();
    if (first < ' ' && first != '\n' && first != '\r' && first != '\t') return false;
    rest.remove_prefix(length);
  }
  return !head.empty();
}

std::filesystem::path set_aside(const std::filesystem::path& file, Timestamp now) {
  std::string stamp = format_utc(now);
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  const std::string wanted = concat(file, ".damaged-", stamp);
  std::filesystem::path name = wanted;
  for (int n = 2; std::filesystem::exists(name); ++n) name = concat(wanted, "-", n);
  // The log first: one that stayed behind would be taken for that of the fresh file.
  for (const char* tail : {"-wal", "-shm", "-journal", "-end", ""}) {
    const std::filesystem::path part = concat(file, tail);
    std::error_code error;
    if (!std::filesystem::exists(part, error)) continue;
    std::filesystem::rename(part, concat(name, tail), error);
    if (error)
      throw DatabaseError(kind_of_errno(error.value()),
                          concat("could not set the damaged file '", part, "' aside: ", error.message()));
  }
  return name;
}

std::string sql_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + "\"";
}

}  // namespace trafficd
