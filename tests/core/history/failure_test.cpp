// What becomes of the history when its file fails: each failure is a real one.

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "history_fixture.hpp"

namespace trafficd::history {

namespace {

/// Runs `work` in a child as the user nobody; its answer is the exit code.
template <class Work>
int as_nobody(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65'534) != 0 || ::setuid(65'534) != 0) ::_exit(99);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// A file system of 256 KiB, where we may mount one.
struct SmallDisk {
  explicit SmallDisk(std::filesystem::path where) : path(std::move(where)) {
    std::filesystem::create_directories(path);
    mounted = ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=256k") == 0;
  }
  ~SmallDisk() {
    if (mounted) ::umount2(path.c_str(), MNT_DETACH);
  }
  bool read_only() const { return ::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0; }
  bool writable() const { return ::mount(nullptr, path.c_str(), nullptr, MS_REMOUNT, "size=256k") == 0; }
  std::filesystem::path path;
  bool mounted = false;
};

/// A history on a small disk, with a first sample of `eth0` in it.
struct SmallDiskFixture : HistoryFixture {
  /// Whether there is one; says why there is nothing to test.
  bool prepare() {
    if (!disk.mounted) {
      WARN("no right to mount a small file system: not tested");
      return false;
    }
    settings.file = disk.path / "traffic.db";
    reopen();
    write(sample(eth0, 0, 1, 0, 0));
    return true;
  }
  const SmallDisk disk{folder.path() / "small"};
  const SeriesPtr eth0 = interface("eth0");
};

}  // namespace

TEST_CASE_METHOD(SmallDiskFixture, "a full disk: retry, nothing lost, and on it goes when there is space") {
  if (!prepare()) return;
  testing::write_file(disk.path / "ballast", "");
  const int ballast = ::open((disk.path / "ballast").c_str(), O_WRONLY);
  const std::string block(4'096, 'x');
  while (::write(ballast, block.data(), block.size()) > 0) {
  }
  ::close(ballast);
  std::uint64_t total = 0;
  int failures = 0;
  for (int i = 1; i < 400; ++i) {
    Batch batch;
    for (int n = 0; n < 50; ++n)
      batch.push_back(sample(interface("eth" + std::to_string(n)), i * 60, static_cast<std::uint64_t>(n) + 1,
                             static_cast<std::uint64_t>(i) * 10, 0, true, 1));
    const WriteResult result = writer->append(batch, at(i * 60));
    total = static_cast<std::uint64_t>(i) * 10;
    if (result.status.is_ok()) continue;
    ++failures;
    CHECK(result.written == 0);
    CHECK(result.status.code() == Status::Code::retry);
    INFO(result.status.message());
    CHECK(result.status.message().find("free some space") != std::string::npos);
    if (failures == 3) std::filesystem::remove(disk.path / "ballast");
    if (failures >= 3) break;
  }
  REQUIRE(failures == 3);
  write({sample(eth0, 30'000, 1, total, 0)}, at(30'000));
  CHECK(amount("eth0", always_from, always_to) == static_cast<std::int64_t>(total));
}

TEST_CASE_METHOD(HistoryFixture, "a folder that is missing is told and not made: a disk may be mounted there later") {
  settings.file = folder.path() / "disk" / "traffic.db";
  reopen();
  const SeriesPtr eth0 = interface("eth0");
  const WriteResult refused = writer->append(Batch{sample(eth0, 0, 1, 0, 0)}, at(0));
  CHECK(refused.written == 0);
  CHECK(refused.status.code() == Status::Code::retry);
  CHECK(refused.status.message() == concat("could not make '", settings.file, "': there is no folder '",
                                           folder.path() / "disk", "'; make it, or mount the disk that it is on"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "disk"));
  std::filesystem::create_directory(folder.path() / "disk");
  write(sample(eth0, 0, 1, 0, 0));
  write(sample(eth0, 10, 1, 25, 0));
  CHECK(amount("eth0", always_from, always_to) == 25);
}

TEST_CASE_METHOD(HistoryFixture, "a file in the place of a folder is told, and all works once it is gone") {
  testing::write_file(folder.path() / "blocked", "a file where a folder is wanted");
  settings.file = folder.path() / "blocked" / "traffic.db";
  reopen();
  const Status refused = writer->open(at(0));
  CHECK(refused.code() == Status::Code::retry);
  CHECK(refused.message().find("choose another file") != std::string::npos);
  const SeriesPtr eth0 = interface("eth0");
  CHECK(writer->append(Batch{sample(eth0, 0, 1, 0, 0)}, at(0)).written == 0);
  std::filesystem::remove(folder.path() / "blocked");
  std::filesystem::create_directory(folder.path() / "blocked");
  write(sample(eth0, 0, 1, 0, 0));
  write(sample(eth0, 10, 1, 25, 0));
  CHECK(amount("eth0", always_from, always_to) == 25);
}

TEST_CASE_METHOD(SmallDiskFixture, "a file system that turns read-only: retry with advice, and on it goes") {
  if (!prepare()) return;
  reopen();
  REQUIRE(disk.read_only());
  const WriteResult result = writer->append(Batch{sample(eth0, 10, 1, 40, 0)}, at(10));
  INFO(result.status.message());
  CHECK(result.status.code() == Status::Code::retry);
  CHECK(result.status.message().find("make the file and its folder writable") != std::string::npos);
  REQUIRE(disk.writable());
  write(sample(eth0, 20, 1, 50, 0));
  CHECK(amount("eth0", always_from, always_to) == 50);
}

TEST_CASE_METHOD(HistoryFixture, "a damaged file is set aside, never deleted, and a fresh one begun") {
  std::string junk(8'192, 'j');
  junk[20] = '\0';
  testing::write_file(settings.file, junk);
  testing::write_file(settings.file.string() + "-wal", "an old log");
  write(sample(interface("eth0"), 0, 1, 0, 0));
  write(sample(interface("eth0"), 10, 1, 12, 0));
  CHECK(amount("eth0", always_from, always_to) == 12);
  const std::filesystem::path aside = settings.file.string() + ".damaged-20231114T221500Z";
  REQUIRE(std::filesystem::exists(aside));
  CHECK((testing::read_file(aside) == junk));
  CHECK(testing::read_file(aside.string() + "-wal") == "an old log");
  CHECK(log.contains(Level::error, aside.string()));
  CHECK(log.count(Level::error) == 1);
}

TEST_CASE_METHOD(HistoryFixture, "damage that shows while we run is handled the same, with a name of its own") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  reopen();
  // Keep the first page, which says what the file is; ruin the tables behind it.
  std::string bytes = testing::read_file(settings.file);
  REQUIRE(bytes.size() > 8'192);
  std::fill(bytes.begin() + 4'096, bytes.end(), '\x55');
  testing::write_file(settings.file, bytes);
  testing::write_file(settings.file.string() + ".damaged-20231114T221510Z", "an older one");
  write(sample(eth0, 10, 1, 5, 0));
  write(sample(eth0, 20, 1, 9, 0));
  CHECK(amount("eth0", always_from, always_to) == 4);
  CHECK(testing::read_file(settings.file.string() + ".damaged-20231114T221510Z") == "an older one");
  CHECK((testing::read_file(settings.file.string() + ".damaged-20231114T221510Z-2").substr(4'096) ==
         bytes.substr(4'096)));
}

TEST_CASE_METHOD(HistoryFixture, "a database of somebody else is refused and not touched") {
  {
    Database foreign(settings.file);
    foreign.exec("CREATE TABLE precious(x)");
  }
  const std::string before = testing::read_file(settings.file);
  const Status refused = writer->open(at(0));
  CHECK(refused.code() == Status::Code::fatal);
  CHECK(refused.message().find("is not a history of trafficd") != std::string::npos);
  CHECK((testing::read_file(settings.file) == before));
}

TEST_CASE_METHOD(HistoryFixture, "a text of somebody else is refused and not touched") {
  const std::string notes(500, 'n');
  testing::write_file(settings.file, notes);
  const Status refused = writer->open(at(0));
  CHECK(refused.code() == Status::Code::fatal);
  CHECK(refused.message().find("choose another file") != std::string::npos);
  CHECK((testing::read_file(settings.file) == notes));
  CHECK(log.count(Level::error) == 0);
}

TEST_CASE_METHOD(HistoryFixture, "marks that are damaged where SQLite sees nothing of it invent nothing") {
  const SeriesPtr eth0 = interface("eth0"), eth1 = interface("eth1");
  for (const int i : {0, 1}) {
    write(sample(eth0, i * 10, 7, 1'000'000 + i * 400u, 0));
    write(sample(eth1, i * 10, 8, 2'000'000 + i * 10u, 0));
  }
  writer->close();
  const char* damage = GENERATE(
      "UPDATE baseline SET totals=zeroblob(length(totals)) WHERE id>>32=1",
      "UPDATE baseline SET totals=x'01'||substr(totals, 2) WHERE id>>32=1", "UPDATE life SET epoch=9 WHERE id>>32=1",
      "UPDATE life SET epoch=0 WHERE id>>32=1", "DELETE FROM life WHERE id>>32=1",
      "DELETE FROM baseline WHERE id>>32=1", "UPDATE baseline SET time=time-5 WHERE id>>32=1",
      "UPDATE baseline SET totals=(SELECT totals FROM baseline WHERE id>>32=2) WHERE id>>32=1");
  INFO(damage);
  {
    Database file(settings.file);
    file.exec(damage);
  }
  reopen();
  write(sample(eth0, 20, 7, 1'000'900, 0));
  write(sample(eth1, 20, 8, 2'000'060, 0));
  CHECK(writer->tally().damaged == 1);
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(amount("eth1", always_from, always_to) == 60);
  write(sample(eth0, 30, 7, 1'001'000, 0));
  write(sample(eth0, 40, 77, 30, 0));  // another life: the series is known again
  CHECK(amount("eth0", always_from, always_to) == 530);
  reopen();
  write(sample(eth0, 50, 77, 40, 0));
  CHECK(writer->tally().damaged == 0);
  CHECK(amount("eth0", always_from, always_to) == 540);
}

TEST_CASE_METHOD(HistoryFixture,
                 "a life that began under the input's eyes is not counted again where its marks are damaged") {
  const SeriesPtr eth0 = interface("eth0"), eth1 = interface("eth1");
  const auto born = [](Sample made) {
    made.born = true;
    return made;
  };
  write(born(sample(eth0, 0, 7, 500'000, 0)));
  write(born(sample(eth1, 0, 8, 900'000, 0)));
  writer->close();
  {
    Database file(settings.file);
    file.exec("UPDATE baseline SET totals=zeroblob(length(totals))");
  }
  reopen();
  // One of them goes on under another name.
  const SeriesPtr wan = interface("wan");
  write(born(sample(eth0, 10, 7, 500'010, 0)));
  write(born(sample(wan, 10, 8, 900'010, 0)));
  write(born(sample(eth0, 20, 7, 500'030, 0)));
  write(born(sample(wan, 20, 8, 900'040, 0)));
  CHECK(writer->tally().damaged == 2);
  CHECK(amount("eth0", always_from, always_to) == 500'020);
  CHECK(amount("wan", always_from, always_to) == 30);
  write(born(sample(eth0, 30, 9, 5, 0)));
  CHECK(amount("eth0", always_from, always_to) == 500'025);
}

TEST_CASE_METHOD(HistoryFixture, "what is held until it is borne out is not believed when it is damaged") {
  const SeriesPtr eth0 = interface("eth0");
  for (const int i : {0, 1}) write(sample(eth0, i * 10, 0, 1'000'000 + i * 400u, 0));
  write(sample(eth0, 20, 0, 700'000, 0));
  REQUIRE(value("SELECT count(*) FROM held") == 1);
  writer->close();
  {
    Database file(settings.file);
    file.exec("UPDATE held SET totals=zeroblob(length(totals))");
  }
  reopen();
  write(sample(eth0, 30, 0, 700'100, 0));
  write(sample(eth0, 40, 0, 700'200, 0));
  CHECK(writer->tally().damaged == 1);
  CHECK(amount("eth0", always_from, always_to) == 500);
}

TEST_CASE_METHOD(HistoryFixture, "a newer version is refused and not touched") {
  write(sample(interface("eth0"), 0, 1, 0, 0));
  reopen();
  {
    Database newer(settings.file);
    newer.exec("PRAGMA user_version=99");
  }
  const std::string before = testing::read_file(settings.file);
  const Status refused = writer->open(at(0));
  CHECK(refused.code() == Status::Code::fatal);
  CHECK(refused.message().find("made by a newer trafficd") != std::string::npos);
  CHECK((testing::read_file(settings.file) == before));
  CHECK(!Reader::open(settings.file));
}

TEST_CASE_METHOD(HistoryFixture, "tiers that cannot be are damage: the file is set aside, and counting goes on") {
  for (const int i : {0, 1}) write(sample(interface("eth0"), i * 10, 7, 1'000'000 + i * 400u, 0));
  writer->close();
  const char* damage =
      GENERATE("UPDATE tier SET bucket=0 WHERE bucket=60", "UPDATE tier SET bucket=124 WHERE bucket=60",
               "UPDATE tier SET mark=mark+64 WHERE bucket=900", "UPDATE tier SET mark=mark-1048576 WHERE bucket=900",
               "UPDATE tier SET kept_from=4096", "UPDATE tier SET bucket=bucket+64 WHERE bucket=900",
               "UPDATE tier SET bucket=-900 WHERE bucket=900", "DELETE FROM tier", "DELETE FROM tier WHERE bucket=900",
               "PRAGMA user_version=262148");
  INFO(damage);
  {
    Database file(settings.file);
    file.exec(damage);
  }
  reopen();
  for (const int i : {2, 3}) write(sample(interface("eth0"), i * 10, 7, 1'000'000 + i * 400u, 0));
  CHECK(log.count(Level::error) == 1);
  CHECK(log.contains(Level::error, ".damaged-"));
  CHECK(amount("eth0", always_from, always_to) == 400);
}

TEST_CASE_METHOD(HistoryFixture, "a column that is not there under its name is damage, and not waited for") {
  write(sample(interface("eth0"), 0, 1, 0, 0));
  writer->close();
  Database(settings.file).exec("UPDATE field SET name = 'rx_bypes' WHERE name = 'rx_bytes'");
  reopen();
  write(sample(interface("eth0"), 10, 1, 10, 0));
  CHECK(log.contains(Level::error, "has no column \"rx_bypes\""));
  CHECK(log.contains(Level::error, "set aside"));
}

TEST_CASE_METHOD(HistoryFixture, "somebody's trigger that fails is waited for, and no damage") {
  write(sample(interface("eth0"), 0, 1, 0, 0));
  const char* const trigger = GENERATE("INSERT INTO gone VALUES(new.id)", "INSERT INTO seen(x) VALUES(new.nothing)",
                                       "INSERT INTO seen(y) VALUES(new.id)");
  Database(settings.file)
      .exec(concat("CREATE TABLE seen(x); CREATE TABLE gone(x); CREATE TRIGGER tell AFTER INSERT ON "
                   "series BEGIN INSERT INTO seen VALUES(1); END"));
  try {
    Database(settings.file)
        .exec(concat("DROP TRIGGER tell; CREATE TRIGGER tell AFTER INSERT ON series BEGIN ", trigger,
                     "; END; DROP TABLE gone"));
  } catch (const DatabaseError&) {
    return;  // this SQLite looks into it by itself
  }
  const WriteResult result = writer->append(Batch{sample(interface("eth1"), 10, 2, 10, 0)}, at(10));
  CHECK(result.status.code() == Status::Code::retry);
  CHECK(log.count(Level::error) == 0);
  Database(settings.file).exec("DROP TRIGGER tell");
  write(sample(interface("eth1"), 10, 2, 10, 0));
}

TEST_CASE_METHOD(HistoryFixture, "a file that is removed under us is begun again") {
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(settings.file.string() + tail);
  write(sample(eth0, 10, 1, 5, 0));
  write(sample(eth0, 20, 1, 9, 0));
  CHECK(amount("eth0", always_from, always_to) == 4);
}

TEST_CASE_METHOD(HistoryFixture, "a file that is replaced under us is gone on with, without the log of the old one") {
  const SeriesPtr eth0 = interface("eth0");
  const std::filesystem::path live = settings.file, other = folder.path() / "backup.db";
  settings.file = other;
  reopen();
  write(sample(eth0, 0, 1, 0, 0));
  write(sample(eth0, 10, 1, 100, 0));
  settings.file = live;
  reopen();
  write(sample(interface("other"), 0, 5, 0, 0));
  write(sample(interface("other"), 10, 5, 9'999, 0));
  REQUIRE(std::filesystem::exists(live.string() + "-wal"));
  std::filesystem::rename(other, live);
  write(sample(eth0, 20, 1, 400, 0));
  CHECK(amount("eth0", always_from, always_to) == 400);
  CHECK(amount("other", always_from, always_to) == 0);
  CHECK(log.count(Level::error) == 0);
}

TEST_CASE_METHOD(HistoryFixture, "somebody who holds the file makes us wait and try again") {
  settings.file = folder.path() / "held.db";
  reopen();
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  {
    Database other(settings.file);
    const Transaction held(other);
    const WriteResult result = writer->append(Batch{sample(eth0, 10, 1, 5, 0)}, at(10));
    CHECK(result.status.code() == Status::Code::retry);
    CHECK(result.status.message().find("another program is writing") != std::string::npos);
  }
  write(sample(eth0, 20, 1, 8, 0));
  CHECK(amount("eth0", always_from, always_to) == 8);
}

TEST_CASE_METHOD(HistoryFixture, "a kill at any instant neither loses nor doubles a byte") {
  const SeriesPtr eth0 = interface("eth0");
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    for (int i = 0;; ++i) {
      const WriteResult result =
          writer->append(Batch{sample(eth0, i * 10, 1, 1'000 + static_cast<std::uint64_t>(i) * 777, 0)}, at(i * 10));
      if (!result.status.is_ok() || ::write(pipe[1], "x", 1) != 1) ::_exit(1);
    }
  }
  ::close(pipe[1]);
  char done = 0;
  for (int i = 0; i < 300; ++i) REQUIRE(::read(pipe[0], &done, 1) == 1);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(pipe[0]);
  REQUIRE(WIFSIGNALED(status));
  const std::int64_t counted = amount("eth0", always_from, always_to);
  CHECK(counted >= 299 * 777);
  CHECK(counted % 777 == 0);
  write(sample(eth0, 1e6, 1, 1'000 + 100'000 * 777, 0));
  CHECK(amount("eth0", always_from, always_to) == 100'000 * 777);
}

TEST_CASE_METHOD(HistoryFixture, "an ordinary user can read: while we run, after a stop, after a kill") {
  if (::getuid() != 0) {
    WARN("not root: not tested");
    return;
  }
  std::filesystem::create_directory(folder.path() / "state");
  ::umask(0077);
  settings.file = folder.path() / "state" / "traffic.db";
  reopen();
  const SeriesPtr eth0 = interface("eth0");
  write(sample(eth0, 0, 1, 0, 0));
  write(sample(eth0, 10, 1, 77, 0));
  ::umask(0022);
  for (auto path = settings.file.parent_path(); path != path.root_path() && path != "/tmp"; path = path.parent_path())
    std::filesystem::permissions(path, std::filesystem::perms(0755));
  SECTION("while we run") {}
  SECTION("after a clean stop") {
    writer.reset();
    CHECK(!std::filesystem::exists(settings.file.string() + "-wal"));
  }
  SECTION("after a kill") { kill(); }
  const auto reads = [&] {
    const auto opened = Reader::open(settings.file);
    if (!opened) return 10;
    const auto rows = opened->sums("interface", {always_from, always_to});
    return rows && rows->size() == 1 && rows->front().fields[0].amount == 77 ? 0 : 20;
  };
  CHECK(as_nobody(reads) == 0);
  struct stat status {};
  REQUIRE(::stat(settings.file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0644);
}

}  // namespace trafficd::history
