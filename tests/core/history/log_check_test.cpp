// A log that was cut or damaged after a kill, at every place there is: SQLite must never be let on with one that would
// show a state that never was, and what is lost is told.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "dead_copy.hpp"
#include "history/log_check.hpp"
#include "history/schema.hpp"
#include "history_fixture.hpp"

namespace trafficd::history {

namespace {

using State = LogCheck::State;

void overwrite(const std::filesystem::path& file, std::uint64_t at, const std::string& bytes) {
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  out.seekp(static_cast<std::streamoff>(at));
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

LogCheck look(const std::filesystem::path& file) { return check_log(file, application_id); }

/// A database whose rows tell which of its states it is in: after the n-th commit each of its forty rows, some pages
/// apart, says n.
struct StatesFixture {
  static constexpr int rows = 40;
  testing::TempFolder folder;
  const std::filesystem::path file = folder.path() / "x.db", dead = folder.path() / "dead.db";
  std::unique_ptr<Database> database = std::make_unique<Database>(file);
  int commits = 0;

  StatesFixture() {
    database->exec(concat("PRAGMA application_id=", application_id));
    database->exec("CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, filler BLOB)");
    for (int i = 0; i < rows; ++i) database->exec("INSERT INTO t(n, filler) VALUES(0, zeroblob(1500))");
    database->log_ahead();
  }
  void commit() {
    Transaction change(*database);
    ++commits;
    database->exec(concat("UPDATE t SET n=", commits));
    change.commit();
  }
  /// The files as a kill would leave them now.
  void kill() const { copy_as_dead(file, dead); }
  std::uint64_t log_size() const { return std::filesystem::file_size(concat(dead, "-wal")); }
  void cut(std::uint64_t size) const { std::filesystem::resize_file(concat(dead, "-wal"), size); }

  /// Which state SQLite shows; nothing when it shows one that never was.
  std::optional<int> shown() const {
    Database opened(dead);
    const std::int64_t least = opened.value("SELECT min(n) FROM t"), most = opened.value("SELECT max(n) FROM t");
    return least == most ? std::optional(static_cast<int>(least)) : std::nullopt;
  }
};

}  // namespace

TEST_CASE_METHOD(StatesFixture, "a log that is whole, or of which nobody knows better, is left alone") {
  for (int i = 0; i < 3; ++i) commit();
  kill();
  CHECK(look(dead).state == State::whole);
  SECTION("nothing that knows its end") { std::filesystem::remove(concat(dead, "-end")); }
  SECTION("another text there") { overwrite(concat(dead, "-end"), 0, std::string(200, 'x')); }
  SECTION("a bit of it has tipped") { overwrite(concat(dead, "-end"), 17, "\x7f"); }
  SECTION("the end of another log") {
    std::filesystem::rename(concat(dead, "-end"), folder.path() / "kept");
    REQUIRE(database->fold_log());
    commit();
    kill();
    std::filesystem::rename(folder.path() / "kept", concat(dead, "-end"));
  }
  CHECK(look(dead).state == State::whole);
  CHECK(look(folder.path() / "nothing.db").state == State::whole);
}

TEST_CASE_METHOD(StatesFixture,
                 "a log that is only in the log, cut anywhere: an earlier commit, and how much is lost") {
  for (int i = 0; i < 4; ++i) commit();
  kill();
  const std::uint64_t size = log_size();
  const std::uint32_t pages = static_cast<std::uint32_t>((size - 32) / (4096 + 24));
  REQUIRE(pages % 4 == 0);
  for (std::uint64_t left = 0; left < size; left += 1031) {
    kill();
    cut(left);
    INFO("cut to " << left << " of " << size);
    const LogCheck found = look(dead);
    REQUIRE(found.state == State::shorter);
    CHECK(found.pages == pages);
    const std::uint32_t whole = left < 32 ? 0 : static_cast<std::uint32_t>((left - 32) / (4096 + 24));
    const std::uint32_t each = pages / 4;
    CHECK(found.lost == pages - whole / each * each);
    CHECK(shown() == static_cast<int>(whole / each));
  }
  kill();
  std::filesystem::remove(concat(dead, "-wal"));
  CHECK(look(dead).state == State::shorter);
  CHECK(look(dead).lost == pages);
  // Not the file of which it was noted: the log is in it, or it is a backup, as old as it may be.
  std::filesystem::last_write_time(dead,
                                   std::filesystem::last_write_time(dead) + std::chrono::hours(GENERATE(-1000, -1, 1)));
  CHECK(look(dead).state == State::whole);
}

TEST_CASE_METHOD(StatesFixture, "a byte that tipped in the log loses as much as a cut does") {
  for (int i = 0; i < 3; ++i) commit();
  kill();
  const std::uint64_t size = log_size();
  for (std::uint64_t at = 0; at < size; at += 997) {
    kill();
    overwrite(concat(dead, "-wal"), at, "\x5a\xa5");
    INFO("damaged at " << at << " of " << size);
    const LogCheck found = look(dead);
    // Of the log's head some bytes matter to nobody, and its own mark makes it another log.
    if (at >= 32) REQUIRE(found.state == State::shorter);
    if (found.state != State::whole) CHECK(shown() < 3);
  }
}

TEST_CASE_METHOD(StatesFixture, "what the file has taken over already is not made older by the rest of its log") {
  for (int i = 0; i < 4; ++i) commit();
  REQUIRE(database->fold_log());
  kill();
  const std::uint64_t size = log_size();
  for (std::uint64_t left = 0; left < size; left += 1031) {
    kill();
    cut(left);
    INFO("cut to " << left << " of " << size);
    const LogCheck found = look(dead);
    // Without a head it is as if somebody had removed it.
    REQUIRE(found.state == (left < 32 ? State::whole : State::outdated));
    CHECK(found.lost == 0);
    CHECK(drop_log(dead));
    CHECK(shown() == 4);
  }
}

TEST_CASE_METHOD(StatesFixture, "a log that is cut where the file has half of it is told apart") {
  commit();
  Database other(file, {.mode = Database::Mode::read_only});
  const Transaction reading(other, Transaction::Kind::read);
  REQUIRE(other.value("SELECT max(n) FROM t") == 1);
  // What follows changes one page, so that the file takes over all others.
  {
    Transaction change(*database);
    database->exec("UPDATE t SET n=2 WHERE id=1");
    change.commit();
  }
  CHECK(!database->fold_log());
  kill();
  CHECK(look(dead).state == State::whole);
  cut(log_size() - 1);
  CHECK(look(dead).state == State::shorter);
  CHECK(shown() == 1);
  kill();
  cut(32 + 2 * (4096 + 24));
  CHECK(look(dead).state == State::mixed);
}

TEST_CASE_METHOD(StatesFixture, "a file that is cut is told where its log hides it from SQLite") {
  commit();
  REQUIRE(database->fold_log());
  database->exec("UPDATE t SET n=2 WHERE id=1");
  kill();
  const std::uint64_t size = std::filesystem::file_size(dead);
  CHECK(look(dead).state == State::whole);
  for (std::uint64_t left = 4096; left < size; left += 1031) {
    kill();
    std::filesystem::resize_file(dead, left);
    INFO("cut to " << left << " of " << size);
    // The page that was written last is in the log.
    const bool all_logged = left / 4096 + 1 == size / 4096;
    CHECK((look(dead).state == State::file_cut || all_logged));
  }
  SECTION("a change without a log that was broken off is SQLite's to take back") {
    testing::write_file(concat(dead, "-journal"), "a journal");
    CHECK(look(dead).state == State::whole);
  }
  SECTION("the log has all that the file lacks") {
    database->exec("UPDATE t SET n=3");
    kill();
    std::filesystem::resize_file(dead, size - 4096);
    CHECK(look(dead).state == State::whole);
    CHECK(shown() == 3);
  }
}

TEST_CASE_METHOD(StatesFixture, "a log that goes on after it was folded: what was folded is there") {
  commit();
  Database other(file, {.mode = Database::Mode::read_only});
  const Transaction reading(other, Transaction::Kind::read);
  REQUIRE(other.value("SELECT max(n) FROM t") == 1);  // so that it does not begin anew
  REQUIRE(database->fold_log());
  commit();
  kill();
  const std::uint64_t size = log_size();
  for (std::uint64_t left = 32; left < size; left += 1031) {
    kill();
    cut(left);
    INFO("cut to " << left << " of " << size);
    const LogCheck found = look(dead);
    if (found.state == State::outdated)
      CHECK(drop_log(dead));
    else
      CHECK(found.state == State::shorter);
    CHECK(found.lost > 0);
    CHECK(shown() == 1);
  }
}

TEST_CASE_METHOD(StatesFixture, "a fold that found somebody else folding has taken over nothing") {
  commit();
  kill();
  const std::uint64_t one = log_size();
  const LogEnd before = *read_log_end(file);
  std::array<int, 2> ready{}, done{};
  REQUIRE((::pipe(ready.data()) == 0 && ::pipe(done.data()) == 0));
  const pid_t child = ::fork();
  if (child == 0) {
    // SQLite's lock of those who fold.
    const int index = ::open(concat(file, "-shm").c_str(), O_RDWR);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 121;
    lock.l_len = 1;
    char byte = ::fcntl(index, F_SETLK, &lock) == 0 ? 'y' : 'n';
    ::_exit(::write(ready[1], &byte, 1) == 1 && ::read(done[0], &byte, 1) == 1 ? 0 : 1);
  }
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  REQUIRE(byte == 'y');
  CHECK_FALSE(database->fold_log());
  REQUIRE(::write(done[1], &byte, 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  for (const int end : {ready[0], ready[1], done[0], done[1]}) ::close(end);
  CHECK(*read_log_end(file) == before);
  commit();
  kill();
  cut(one);
  CHECK(look(dead).state == State::shorter);
  CHECK(shown() == 1);
}

}  // namespace trafficd::history
