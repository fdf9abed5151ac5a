#pragma once
// A thin wrapper over SQLite for the files that the core keeps (history, state, spool), so that one file knows the
// library. It adds what a daemon needs: failures sorted by what can be done about them, small memory, a file that
// others may read. One thread per object.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "trafficd/status.hpp"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace trafficd {

/// What SQLite answered, by what can be done about it.
class DatabaseError : public std::runtime_error {
 public:
  enum class Kind : unsigned char {
    full,      ///< no space left, or a quota is used up
    readonly,  ///< the file, its folder or the file system must not be written
    damaged,   ///< not a database, or a broken one
    busy,      ///< somebody else holds it for longer than we wait
    missing,   ///< opened for reading, and there is none
    other,
  };
  DatabaseError(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

class Database;
class WriteAheadLog;

/// A prepared statement. Parameters and columns as SQLite counts them: parameters from 1, columns from 0. Must not
/// outlive its database.
class Statement {
 public:
  Statement(Database& database, const std::string& sql);
  ~Statement();
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;

  Statement& bind(int place, std::int64_t number);
  Statement& bind(int place, double number);
  Statement& bind(int place, std::string_view text);
  Statement& bind_blob(int place, std::string_view bytes);
  /// The bytes are not copied and must stay until the step is done.
  Statement& bind_borrowed_blob(int place, std::string_view bytes);
  Statement& bind_null(int place);

  /// True when there is a row to look at; at the end the statement is ready to be run again.
  bool step();
  /// Runs to the end and makes it ready again; for statements whose rows are of no interest.
  void run();
  void reset();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  /// Text or blob; valid until the next step or reset.
  std::string_view bytes(int column) const;

 private:
  [[noreturn]] void fail(const char* doing) const;
  std::unique_ptr<SQLite::Statement> statement_;
  const Database* database_;
};

class Database {
 public:
  enum class Mode : unsigned char { read_only, read_write };
  struct Settings {
    Mode mode = Mode::read_write;
    Duration busy_timeout = std::chrono::seconds(2);
    int cache_kib = 1024;
  };

  /// Opens the file; for writing, it and its folder are made when missing, readable for all. Throws DatabaseError.
  explicit Database(const std::filesystem::path& file) : Database(file, Settings{}) {}
  Database(const std::filesystem::path& file, const Settings& settings);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void exec(const std::string& sql);
  /// The first column of the first row as an integer, 0 without a row.
  std::int64_t value(const std::string& sql);
  std::optional<std::string> text(const std::string& sql);
  std::int64_t last_id() const;
  /// Rows that the last statement inserted, changed or deleted.
  int changes() const;
  const std::filesystem::path& file() const { return file_; }

  /// Goes over to write-ahead logging, which is folded back after so many pages: readers and the writer then do not
  /// wait for each other. Apart from opening, so that a file can be looked at before it is changed.
  void log_ahead(int wal_pages = 1000);
  /// Folds the log back as far as readers let, and brings it to the disk. False when some of it is left, which is
  /// done after some pages anyway, or when this connection does not log ahead.
  bool fold_log() noexcept;
  /// What was noted of the log before it was opened is wrong: it has so many pages.
  void log_ends_at(std::uint32_t pages) noexcept;
  /// Leaves write-ahead logging, so that one plain file remains that anybody may read; when somebody is reading just
  /// now, the log stays beside it.
  void settle() noexcept;

 private:
  friend class Statement;
  friend class Transaction;
  [[noreturn]] void fail(const char* doing) const;
  void open(const Settings& settings);
  std::filesystem::path file_;
  std::unique_ptr<SQLite::Database> database_;
  std::unique_ptr<WriteAheadLog> log_;
  std::optional<Statement> begin_, commit_;  // of Transaction: asked for all the time, so compiled once
};

/// Rolled back unless committed.
class Transaction {
 public:
  enum class Kind : unsigned char { read, write };
  explicit Transaction(Database& database, Kind kind = Kind::write);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool done_ = false;
};

/// Whether the file begins as a text does: well-formed UTF-8 without control characters.
bool is_text(const std::filesystem::path& file);

/// Renames a damaged database and its log to `<file>.damaged-<stamp>`, which SQLite can still open as a pair. Answers
/// the new name. Throws DatabaseError.
std::filesystem::path set_aside(const std::filesystem::path& file, Timestamp now);

/// A name between double quotes, as SQL wants it.
std::string sql_name(std::string_view name);

}  // namespace trafficd
