// A log that was cut or damaged after a kill, at every place there is: SQLite must never be let on with one that would
// show a state that never was, and what is lost is told.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "history/log_check.hpp"
#include "history/schema.hpp"
#include "history_fixture.hpp"

namespace trafficd::history {

namespace {

using State = LogCheck::State;

void copy_as_dead(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const char* tail : {"", "-wal", "-shm", "-end"})
    if (std::filesystem::exists(concat(from, tail)))
      std::filesystem::copy_file(concat(from, tail), concat(to, tail),
                                 std::filesystem::copy_options::overwrite_existing),
          std::filesystem::last_write_time(concat(to, tail), std::filesystem::last_write_time(concat(from, tail)));
    else
      std::filesystem::remove(concat(to, tail));
}

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

/// A history that is killed, its files damaged, and gone on with.
struct TornFixture : HistoryFixture {
  const SeriesPtr eth0 = interface("eth0"), eth1 = interface("eth1");

  void kill_and(const std::function<void(const std::filesystem::path& log)>& damage) {
    const auto dead = folder.path() / concat("dead-", killed.size(), ".db");
    copy_as_dead(settings.file, dead);
    killed.push_back(std::move(writer));
    damage(concat(dead, "-wal"));
    settings.file = dead;
    writer = std::make_unique<Writer>(settings, log);
  }
};

TEST_CASE_METHOD(TornFixture, "a log that was lost: counters go on from what the file has, and the loss is told") {
  write(sample(eth0, 0, 1, 1000, 0));
  write(sample(eth0, 10, 1, 1100, 0));
  write(sample(eth1, 20, 2, 5000, 0));  // within a minute of the first: only in the log
  write(sample(eth0, 30, 1, 1300, 0));
  write(sample(eth1, 40, 2, 5500, 0));
  kill_and([](const auto& file) { std::filesystem::resize_file(file, 0); });
  write(sample(eth0, 50, 1, 1400, 0));
  write(sample(eth1, 50, 2, 5600, 0));
  write(sample(eth1, 60, 2, 5650, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(amount("eth1", always_from, always_to) == 50);
  CHECK(writer->tally().lost_pages > 0);
  CHECK(log.contains(Level::error, "is cut short or damaged"));
  CHECK(log.contains(Level::error, "of what was written since 20"));
  CHECK(log.count(Level::error) == 1);
}

TEST_CASE_METHOD(TornFixture, "a log that was cut where the file had it already loses nothing, and nothing is said") {
  write(sample(eth0, 0, 1, 1000, 0));
  kill_and([](const auto& file) { std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2); });
  write(sample(eth0, 10, 1, 1400, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(log.count(Level::error) == 0);
}

TEST_CASE_METHOD(TornFixture, "what a kill left in the log is in the file after the next start") {
  write(sample(eth0, 0, 1, 1000, 0));
  write(sample(eth1, 1, 2, 1000, 0));
  kill_and([](const auto&) {});
  REQUIRE(writer->open(at(2)).is_ok());
  kill_and([](const auto& file) { std::filesystem::resize_file(file, 0); });
  write(sample(eth1, 10, 2, 1400, 0));
  CHECK(amount("eth1", always_from, always_to) == 400);
  CHECK(log.count(Level::error) == 0);
}

TEST_CASE_METHOD(TornFixture, "a new series is secured soon after nobody reads what was before it any more") {
  REQUIRE(writer->open(at(0)).is_ok());
  {
    Database other(settings.file, {.mode = Database::Mode::read_only});
    const Transaction reading(other, Transaction::Kind::read);
    REQUIRE(other.value("SELECT count(*) FROM series") == 0);
    write(sample(eth0, 0, 1, 1000, 0));
  }
  write(sample(eth0, 11, 1, 1100, 0));
  kill_and([](const auto& file) { std::filesystem::resize_file(file, 0); });
  write(sample(eth0, 20, 1, 1400, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
}

TEST_CASE_METHOD(TornFixture, "a log that was cut where the file had half of it: the history is set aside") {
  REQUIRE(writer->open(at(0)).is_ok());
  {
    Database other(settings.file, {.mode = Database::Mode::read_only});
    const Transaction reading(other, Transaction::Kind::read);
    REQUIRE(other.value("SELECT count(*) FROM series") == 0);
    write(sample(eth0, 0, 1, 1000, 0));
    kill_and([](const auto& file) { std::filesystem::resize_file(file, 4096); });
  }
  write(sample(eth0, 10, 1, 1400, 0));
  write(sample(eth0, 20, 1, 1500, 0));
  CHECK(amount("eth0", always_from, always_to) == 100);
  CHECK(log.contains(Level::error, "the history is damaged"));
}

TEST_CASE_METHOD(TornFixture, "whoever opens the history before us does not hide the loss") {
  write(sample(eth0, 0, 1, 1000, 0));
  write(sample(eth0, 10, 1, 1100, 0));
  kill_and([](const auto& file) { std::filesystem::resize_file(file, 100); });
  CHECK(value("SELECT count(*) FROM series") == 1);
  write(sample(eth0, 20, 1, 1400, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(log.contains(Level::error, "is cut short or damaged"));
}

TEST_CASE_METHOD(TornFixture, "a log that somebody else folded and removed is not missed") {
  write(sample(eth0, 0, 1, 1000, 0));
  write(sample(eth0, 10, 1, 1100, 0));
  const bool empty_one = GENERATE(false, true);
  kill_and([&](const auto& file) {
    Database(settings.file.parent_path() / "dead-0.db").exec("PRAGMA journal_mode=DELETE");
    REQUIRE_FALSE(std::filesystem::exists(file));
    if (empty_one) testing::write_file(file, "");
  });
  write(sample(eth0, 20, 1, 1400, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(log.count(Level::error) == 0);
  CHECK(writer->tally().lost_pages == 0);
}

TEST_CASE_METHOD(TornFixture, "a log without its file is not laid over a fresh one") {
  write(sample(eth0, 0, 1, 1000, 0));
  write(sample(eth0, 10, 1, 1100, 0));
  kill_and([](const auto& file) { std::filesystem::remove(file.parent_path() / file.stem().concat(".db")); });
  write(sample(eth0, 20, 1, 1400, 0));
  write(sample(eth0, 30, 1, 1450, 0));
  CHECK(amount("eth0", always_from, always_to) == 50);
  CHECK(log.contains(Level::error, "is not there, but its log is"));
}

TEST_CASE_METHOD(TornFixture, "a clean stop leaves the file alone") {
  write(sample(eth0, 0, 1, 1000, 0));
  CHECK(std::filesystem::exists(concat(settings.file, "-end")));
  writer->close();
  for (const char* tail : {"-wal", "-shm", "-end"}) CHECK_FALSE(std::filesystem::exists(concat(settings.file, tail)));
}

TEST_CASE_METHOD(TornFixture, "a loss is told once") {
  write(sample(eth0, 0, 1, 1000, 0));
  write(sample(eth0, 10, 1, 1100, 0));
  kill_and([](const auto& file) { std::filesystem::resize_file(file, 100); });
  REQUIRE(writer->open(at(20)).is_ok());
  CHECK(log.count(Level::error) == 1);
  kill_and([](const auto&) {});
  write(sample(eth0, 30, 1, 1400, 0));
  CHECK(log.count(Level::error) == 1);
}

TEST_CASE_METHOD(TornFixture, "a history behind a link is looked after where it is") {
  const auto place = folder.path() / "disk";
  std::filesystem::create_directory(place);
  std::filesystem::create_symlink(place / "real.db", folder.path() / "link.db");
  { const Database made(place / "real.db"); }
  settings.file = folder.path() / "link.db";
  writer = std::make_unique<Writer>(settings, log);
  write(sample(eth0, 0, 1, 1000, 0));
  write(sample(eth0, 10, 1, 1100, 0));
  CHECK(std::filesystem::exists(place / "real.db-end"));
  killed.push_back(std::move(writer));
  copy_as_dead(place / "real.db", place / "dead.db");
  std::filesystem::resize_file(place / "dead.db-wal", 4000);
  std::filesystem::create_symlink(place / "dead.db", folder.path() / "other.db");
  settings.file = folder.path() / "other.db";
  writer = std::make_unique<Writer>(settings, log);
  write(sample(eth0, 20, 1, 1400, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(log.contains(Level::error, "is cut short or damaged"));
}

TEST_CASE_METHOD(TornFixture, "a log that was folded and removed by somebody else is no loss to a report either") {
  write(sample(eth0, 0, 1, 1000, 0));  // a new series: folded at once
  kill_and([&](const auto& file) {
    Database(settings.file.parent_path() / "dead-0.db").exec("PRAGMA journal_mode=DELETE");
    CHECK(look(settings.file.parent_path() / "dead-0.db").state == State::whole);
    CHECK_FALSE(std::filesystem::exists(file));
  });
  write(sample(eth0, 20, 1, 1400, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(log.count(Level::error) == 0);
}

TEST_CASE_METHOD(TornFixture, "a backup that was put in the place of a killed history is gone on with") {
  write(sample(eth0, 0, 1, 1000, 0));
  const auto backup = folder.path() / "backup.db";
  Database(settings.file, {.mode = Database::Mode::read_only}).exec(concat("VACUUM INTO '", backup, "'"));
  write(sample(eth0, 70, 1, 1100, 0));
  write(sample(eth1, 70, 2, 1000, 0));  // folded
  write(sample(eth0, 140, 1, 1200, 0));
  {
    Database other(settings.file, {.mode = Database::Mode::read_only});
    const Transaction reading(other, Transaction::Kind::read);
    REQUIRE(other.value("SELECT count(*) FROM series") == 2);
    write(sample(interface("eth2"), 140, 3, 1000, 0));  // folded by half
  }
  kill_and([&](const auto& file) {
    const LogEnd end = *read_log_end(folder.path() / "dead-0.db");
    CHECK(end.begun != end.complete);
    std::filesystem::remove(file);
    std::filesystem::copy_file(backup, folder.path() / "dead-0.db", std::filesystem::copy_options::overwrite_existing);
  });
  write(sample(eth0, 150, 1, 1400, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(log.count(Level::error) == 0);
}

TEST_CASE_METHOD(TornFixture, "a kill while the log of a kill is taken over is noted as one") {
  write(sample(eth0, 0, 1, 1000, 0));
  write(sample(eth0, 10, 1, 1100, 0));
  write(sample(eth0, 20, 1, 1300, 0));
  kill_and([](const auto&) {});
  const LogEnd left = *read_log_end(settings.file);
  CHECK(left.begun < left.frames);
  REQUIRE(writer->open(at(30)).is_ok());
  const LogEnd taken = *read_log_end(settings.file);
  CHECK(taken.salt == left.salt);
  CHECK(taken.begun == taken.frames);
  CHECK(taken.complete == taken.frames);
}

}  // namespace trafficd::history
