#include <sys/stat.h>

#include "history_fixture.hpp"

namespace trafficd {

TEST_CASE("values come back as they went in") {
  const testing::TempFolder folder;
  Database database(folder.path() / "x.db");
  database.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, i, r, s, b)");
  Statement insert(database, "INSERT INTO t(i, r, s, b) VALUES(?1, ?2, ?3, ?4)");
  const std::string bytes("\0\xff'\"", 4);
  insert.bind(1, std::int64_t{-5}).bind(2, 0.5).bind(3, std::string_view("a'b")).bind_blob(4, bytes).run();
  CHECK(database.last_id() == 1);
  CHECK(database.changes() == 1);
  insert.bind(1, std::int64_t{7}).bind_null(2).bind(3, std::string_view("")).bind_borrowed_blob(4, bytes).run();
  Statement select(database, "SELECT i, r, s, b FROM t ORDER BY id");
  REQUIRE(select.step());
  CHECK(select.integer(0) == -5);
  CHECK(select.real(1) == 0.5);
  CHECK(select.bytes(2) == "a'b");
  CHECK(select.bytes(3) == bytes);
  REQUIRE(select.step());
  CHECK(select.is_null(1));
  CHECK(select.bytes(2).empty());
  CHECK(!select.step());
  CHECK(select.step());
}

TEST_CASE("a transaction that is not committed leaves nothing") {
  const testing::TempFolder folder;
  Database database(folder.path() / "x.db");
  database.exec("CREATE TABLE t(x)");
  {
    const Transaction abandoned(database);
    database.exec("INSERT INTO t VALUES(1)");
  }
  CHECK(database.value("SELECT count(*) FROM t") == 0);
  {
    Transaction kept(database);
    database.exec("INSERT INTO t VALUES(1)");
    kept.commit();
  }
  CHECK(database.value("SELECT count(*) FROM t") == 1);
}

TEST_CASE("failures are sorted by what can be done about them") {
  const testing::TempFolder folder;
  const auto kind_of = [](const auto& work) {
    try {
      work();
    } catch (const DatabaseError& e) {
      return e.kind();
    }
    FAIL("nothing was thrown");
    return DatabaseError::Kind::other;
  };
  Database database(folder.path() / "x.db");
  database.exec("CREATE TABLE t(x UNIQUE)");
  CHECK(kind_of([&] { database.exec("SELECT nonsense"); }) == DatabaseError::Kind::other);
  CHECK(kind_of([&] { Statement(database, "SELEKT"); }) == DatabaseError::Kind::other);
  database.exec("PRAGMA max_page_count=1");
  CHECK(kind_of([&] { database.exec("CREATE TABLE u(x); INSERT INTO u VALUES(zeroblob(100000))"); }) ==
        DatabaseError::Kind::full);
  Database reader(folder.path() / "x.db", {.mode = Database::Mode::read_only});
  CHECK(kind_of([&] { reader.exec("INSERT INTO t VALUES(1)"); }) == DatabaseError::Kind::readonly);
  CHECK(kind_of([&] { reader.exec("SELECT \"y\" FROM t"); }) == DatabaseError::Kind::other);  // no text
  CHECK(kind_of([&] { Database(folder.path() / "none.db", {.mode = Database::Mode::read_only}); }) ==
        DatabaseError::Kind::missing);
  testing::write_file(folder.path() / "junk.db", std::string(5'000, 'j'));
  CHECK(kind_of([&] { Database(folder.path() / "junk.db").value("SELECT count(*) FROM t"); }) ==
        DatabaseError::Kind::damaged);
  const Transaction held(database);
  Database other(folder.path() / "x.db", {.busy_timeout = std::chrono::milliseconds(1)});
  CHECK(kind_of([&] { Transaction second(other); }) == DatabaseError::Kind::busy);
}

TEST_CASE("a fresh file may be read by all, whatever the umask") {
  const testing::TempFolder folder;
  const mode_t before = ::umask(0077);
  const Database database(folder.path() / "x.db");
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat((folder.path() / "x.db").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
}

TEST_CASE("names for SQL cannot break out") { CHECK(sql_name("a\"b; --") == "\"a\"\"b; --\""); }

TEST_CASE("a folder is called one, whoever wants to open it") {
  const testing::TempFolder folder;
  const auto mode = GENERATE(Database::Mode::read_write, Database::Mode::read_only);
  CHECK_THROWS_WITH(Database(folder.path(), {.mode = mode}),
                    concat("'", folder.path(), "' is a folder; choose a file, or remove the folder"));
}

}  // namespace trafficd
