#include "engine/state_file.hpp"

#include <array>
#include <boost/crc.hpp>
#include <charconv>
#include <vector>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

constexpr std::int64_t schema_version = 3, with_inventory = 3;  // 1 had no checksums
// What is further ahead was made by no trafficd: a bit of it has tipped.
constexpr std::int64_t versions_ahead = 100;
constexpr const char* has_sums = "SELECT count(*) FROM pragma_table_info('state') WHERE name = 'sum'";

DatabaseError damaged(const char* how) { return {DatabaseError::Kind::damaged, how}; }

std::int64_t checksum(std::string_view instance, std::string_view key, std::string_view value) {
  boost::crc_32_type sum;
  for (const std::string_view part : {instance, key, value}) {
    sum.process_bytes(part.data(), part.size());
    sum.process_byte(0xff);
  }
  return sum.checksum();
}

}  // namespace

std::string StateFile::Inventory::text() const { return concat(rows, ' ', sums); }

StateFile::StateFile(const std::filesystem::path& path, bool rescue)
    : database_(path), version_(database_.value("PRAGMA user_version")) {
  if (rescue) version_ = database_.value(has_sums) > 0 ? schema_version : 1;
  if (version_ > schema_version + versions_ahead) throw damaged("its version cannot be");
  if (version_ > schema_version)
    throw MadeByNewer(DatabaseError::Kind::other,
                      concat(path, " was written by a newer trafficd (version ", version_, "; this one knows ",
                             schema_version, "): install that one, or move the file away"));
  if (!rescue) refuse_what_was_cut(path);
  // A commit is over when the journal is gone: that too must be on the disk, or a power cut takes it back.
  database_.exec("PRAGMA synchronous=EXTRA");
}

/// SQLite takes what is missing for zeros, and a file without a version for one that is new.
void StateFile::refuse_what_was_cut(const std::filesystem::path& path) {
  const std::int64_t page = database_.value("PRAGMA page_size");
  if (static_cast<std::int64_t>(std::filesystem::file_size(path)) % page != 0) throw damaged("it was cut off");
  const bool new_file =
      database_.value("SELECT count(*) FROM sqlite_master") == 0 && database_.value("PRAGMA page_count") <= 1;
  if ((version_ == 0 && !new_file) || (version_ == 1 && database_.value(has_sums) > 0))
    throw damaged("it has lost its version");
}

void StateFile::verify() {
  if (!ready()) return;
  for (Statement all = select(); all.step();)
    if (!whole(all)) throw damaged("a checksum is wrong");
  if (version_ >= with_inventory && told() != count()) throw damaged("values are missing");
}

StateFile::Inventory StateFile::count() {
  Statement all(database_, "SELECT count(*), ifnull(sum(sum), 0) FROM state WHERE instance <> ''");
  all.step();
  return {all.integer(0), all.integer(1)};
}

std::optional<StateFile::Inventory> StateFile::told() {
  Statement row(database_, "SELECT value FROM state WHERE instance = '' AND key = ''");
  if (!row.step()) return std::nullopt;
  const std::string_view text = row.bytes(0);
  const char* const end = text.data() + text.size();
  Inventory inventory;
  const auto rows = std::from_chars(text.data(), end, inventory.rows);
  if (rows.ec != std::errc{} || rows.ptr == end || *rows.ptr != ' ') return std::nullopt;
  const auto sums = std::from_chars(rows.ptr + 1, end, inventory.sums);
  if (sums.ec != std::errc{} || sums.ptr != end) return std::nullopt;
  return inventory;
}

void StateFile::prepare() {
  if (version_ == schema_version) return;
  Transaction transaction(database_);
  if (version_ == 0)
    database_.exec(
        "CREATE TABLE state(instance TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, sum INTEGER, "
        "PRIMARY KEY(instance, key)) WITHOUT ROWID");
  if (version_ == 1) add_sums();
  Statement put = put_statement();
  put_row(put, {}, {}, count().text());
  database_.exec(concat("PRAGMA user_version = ", schema_version));
  transaction.commit();
  version_ = schema_version;
}

void StateFile::add_sums() {
  database_.exec("ALTER TABLE state ADD COLUMN sum INTEGER");
  std::vector<std::array<std::string, 3>> rows;
  for (Statement all(database_, "SELECT instance, key, value FROM state"); all.step();)
    rows.push_back({std::string(all.bytes(0)), std::string(all.bytes(1)), std::string(all.bytes(2))});
  Statement put = put_statement();
  for (const auto& [instance, key, value] : rows) put_row(put, instance, key, value);
}

void StateFile::write(const Values& by_instance) {
  prepare();
  Transaction transaction(database_);
  Statement put = put_statement();
  Statement known(database_, "SELECT sum FROM state WHERE instance = ?1 AND key = ?2");
  Statement erase(database_, "DELETE FROM state WHERE instance = ?1 AND key = ?2");
  auto inventory = told();
  if (!inventory) throw damaged("the row that tells which there are is missing");
  for (const auto& [instance, values] : by_instance)
    for (const auto& [key, value] : values) {
      if (known.bind(1, std::string_view(instance)).bind(2, std::string_view(key)).step())
        inventory->remove(known.integer(0));
      known.reset();
      if (value)
        inventory->add(put_row(put, instance, key, *value));
      else
        erase.bind(1, std::string_view(instance)).bind(2, std::string_view(key)).run();
    }
  put_row(put, {}, {}, inventory->text());
  transaction.commit();
}

Statement StateFile::select(const char* condition) {
  return {database_, concat("SELECT instance, key, value, ", version_ > 1 ? "sum" : "NULL", " FROM state", condition)};
}

bool StateFile::whole(const Statement& row) const {
  return version_ == 1 || (!row.is_null(3) && row.integer(3) == checksum(row.bytes(0), row.bytes(1), row.bytes(2)));
}

Statement StateFile::put_statement() {
  return {database_, "INSERT OR REPLACE INTO state(instance, key, value, sum) VALUES(?1, ?2, ?3, ?4)"};
}

std::int64_t StateFile::put_row(Statement& put, std::string_view instance, std::string_view key,
                                std::string_view value) {
  const std::int64_t sum = checksum(instance, key, value);
  put.bind(1, instance).bind(2, key).bind_blob(3, value).bind(4, sum).run();
  return sum;
}

}  // namespace trafficd
