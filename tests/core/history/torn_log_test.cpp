// A history whose log was cut, damaged, folded by somebody else or taken away after a kill: what is told, and that it
// goes on from what is there.

#include <functional>

#include "dead_copy.hpp"
#include "history/log_check.hpp"
#include "history/schema.hpp"
#include "history_fixture.hpp"

namespace trafficd::history {

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
  const bool folded = GENERATE(true, false), empty_one = GENERATE(false, true);
  if (!folded) write(sample(eth0, 10, 1, 1100, 0));
  kill_and([&](const auto& file) {
    const auto dead = folder.path() / "dead-0.db";
    Database(dead).exec("PRAGMA journal_mode=DELETE");
    REQUIRE_FALSE(std::filesystem::exists(file));
    if (empty_one) testing::write_file(file, "");
    CHECK(check_log(dead, application_id).state == LogCheck::State::whole);  // what a report asks
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

TEST_CASE_METHOD(TornFixture, "what a start takes over from the log of a kill is noted") {
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
