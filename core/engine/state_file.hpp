#pragma once
// The file of the state: one table of values, each with a checksum, and a row that says which rows there are. SQLite
// notices a broken page only where its own structure is hit; a number that was damaged, or a row that vanished, must
// not become something that a plugin counts on with.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "history/database.hpp"

namespace trafficd {

/// Everything throws DatabaseError. One thread at a time.
class StateFile {
 public:
  /// Not for us: nothing of it is read or written.
  struct MadeByNewer : DatabaseError {
    using DatabaseError::DatabaseError;
  };

  /// `rescue`: whatever can still be read is of use, and version and size are not believed.
  explicit StateFile(const std::filesystem::path& path, bool rescue = false);

  /// Looks at every value: what is damaged is found before anybody counts on with it.
  void verify();
  /// Whether there is anything to read. What is only read must not need a disk that can be written.
  bool ready() const { return version_ > 0; }
  /// Instance, key, value and checksum.
  Statement select(const char* condition = "");
  bool whole(const Statement& row) const;
  static bool is_inventory(const Statement& row) { return row.bytes(0).empty(); }

  /// Writes all of it or nothing; a value that is not there is erased.
  using Values = std::map<std::string, std::map<std::string, std::optional<std::string>, std::less<>>>;
  void write(const Values& by_instance);

  void settle() { database_.settle(); }

 private:
  /// How many rows there are, and the sum of their checksums.
  struct Inventory {
    std::int64_t rows = 0, sums = 0;
    std::string text() const;
    void add(std::int64_t sum) { ++rows, sums += sum; }
    void remove(std::int64_t sum) { --rows, sums -= sum; }
    friend bool operator==(const Inventory&, const Inventory&) = default;
  };
  void refuse_what_was_cut(const std::filesystem::path& path);
  /// Makes the table, or brings it to this version.
  void prepare();
  void add_sums();
  Statement put_statement();
  /// Answers its checksum.
  static std::int64_t put_row(Statement& put, std::string_view instance, std::string_view key, std::string_view value);
  /// Of the rows that are there; of the row that tells. Both as the file has them, and not as we remember them: a
  /// transaction that failed may stand there all the same.
  Inventory count();
  std::optional<Inventory> told();

  Database database_;
  std::int64_t version_;
};

}  // namespace trafficd
