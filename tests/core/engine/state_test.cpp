#include "engine/state.hpp"

#include <atomic>
#include <thread>

#include "catch.hpp"
#include "engine_fixture.hpp"
#include "history/database.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

struct StateFixture {
  TempFolder folder;
  RecordingLogger log;
  std::filesystem::path file = folder.path() / "state.db";
};

void end_step(StateStore& store, InstanceState& instance) {
  InstanceState* const own[] = {&instance};
  store.finish_step(own);
}

}  // namespace

TEST_CASE("state survives, per instance, once its step has ended and a checkpoint was made") {
  StateFixture f;
  {
    StateStore store(f.file, f.log);
    auto a = store.instance("input/a"), b = store.instance("input/b");
    a->put("x", "1");
    end_step(store, *a);
    b->put("x", std::string("\0binary", 7));
    end_step(store, *b);
    CHECK(store.checkpoint().is_ok());
    a->put("x", "2");
    a->put("torn", "half a step");
    CHECK(store.checkpoint().is_ok());  // the step has not ended: nothing of it is written
    CHECK(a->get("x") == "2");
  }
  StateStore store(f.file, f.log);
  auto a = store.instance("input/a");
  CHECK(a->get("x") == "1");
  CHECK_FALSE(a->get("torn").has_value());
  CHECK(store.instance("input/b")->get("x") == std::string("\0binary", 7));
  a->erase("x");
  end_step(store, *a);
  CHECK(store.checkpoint().is_ok());
  CHECK(StateStore(f.file, f.log).instance("input/a")->keys().empty());
}

TEST_CASE("a step that has to be secure is on disk when it ends, with all that belongs to it") {
  StateFixture f;
  StateStore store(f.file, f.log);
  auto a = store.instance("main/a"), b = store.instance("main/b");
  const auto on_disk = [&] { return StateStore(f.file, f.log).instance("main/b")->keys().size(); };
  a->secure();
  end_step(store, *a);  // nothing was put
  CHECK_FALSE(std::filesystem::exists(f.file));
  a->put("x", "1");
  b->put("x", "1");
  b->secure();
  InstanceState* const both[] = {a.get(), b.get()};
  store.finish_step(both);
  CHECK(on_disk() == 1);
  CHECK(StateStore(f.file, f.log).instance("main/a")->keys().size() == 1);
  b->put("y", "1");
  end_step(store, *b);
  CHECK(on_disk() == 1);  // the wish was for one step
}

TEST_CASE("a disk that fails is waited for once, not at every step") {
  StateFixture f;
  const auto folder = f.folder.path() / "later";
  StateStore store(folder / "state.db", f.log);
  auto a = store.instance("main/a");
  a->put("x", "1");
  a->secure();
  end_step(store, *a);
  std::filesystem::create_directory(folder);
  a->put("x", "2");
  a->secure();
  end_step(store, *a);
  CHECK_FALSE(std::filesystem::exists(folder / "state.db"));
  CHECK(store.checkpoint().is_ok());
  a->put("x", "3");
  a->secure();
  end_step(store, *a);
  CHECK(StateStore(folder / "state.db", f.log).instance("main/a")->get("x") == "3");
}

TEST_CASE("a successor sees what its predecessor put, even before the checkpoint") {
  StateFixture f;
  StateStore store(f.file, f.log);
  auto before = store.instance("input/a");
  before->put("x", "1");
  end_step(store, *before);
  CHECK(store.instance("input/a")->get("x") == "1");
}

TEST_CASE("what is only read is not written: a full disk must not keep anybody from starting") {
  StateFixture f;
  {
    StateStore store(f.file, f.log);
    auto a = store.instance("input/a");
    a->put("x", "1");
    end_step(store, *a);
    REQUIRE(store.checkpoint().is_ok());
  }
  const std::string before = read_file(f.file);
  CHECK(StateStore(f.file, f.log).instance("input/a")->get("x") == "1");
  CHECK(read_file(f.file) == before);
  CHECK(f.log.lines().empty());
}

namespace {

/// A file with forty values, the last of them on the last page.
std::string forty_values(const std::filesystem::path& file, Logger& log) {
  StateStore store(file, log);
  auto a = store.instance("input/a");
  for (int i = 0; i < 40; ++i) a->put(concat("key", i), std::string(100, 'v'));
  end_step(store, *a);
  REQUIRE(store.checkpoint().is_ok());
  a->put("key7", "once more");
  a->erase("key9");
  end_step(store, *a);
  REQUIRE(store.checkpoint().is_ok());
  return read_file(file);
}

}  // namespace

TEST_CASE("a file that was cut off anywhere says so, and what is left of it is kept") {
  StateFixture f;
  const std::string whole = forty_values(f.file, f.log);
  for (std::size_t size = 0; size < whole.size(); size += size < 16 ? 1 : 97) {
    INFO(size);
    write_file(f.file, whole.substr(0, size));
    f.log.clear();
    StateStore store(f.file, f.log);
    CHECK(store.instance("input/a")->keys().size() < 40);
    CHECK(f.log.contains(Level::error, "is damaged and was set aside as"));
  }
}

TEST_CASE("any part that is zeroed, and any row that is gone, says so") {
  StateFixture f;
  const std::string whole = forty_values(f.file, f.log);
  const std::string good(100, 'v');
  for (std::size_t at = 0; at < whole.size(); at += 64) {
    INFO(at);
    std::string bytes = whole;
    bytes.replace(at, 64, std::string(64, '\0'));
    if (bytes == whole) continue;
    write_file(f.file, bytes);
    f.log.clear();
    StateStore store(f.file, f.log);
    auto a = store.instance("input/a");
    const std::vector<std::string> left = a->keys();
    CHECK((left.size() == 39 || f.log.contains(Level::error, "is damaged and was set aside as")));
    for (const std::string& key : left) CHECK(a->get(key) == (key == "key7" ? "once more" : good));
  }
  const char* loss =
      GENERATE("DELETE FROM state WHERE key='key3'", "DELETE FROM state WHERE instance=''",
               "UPDATE state SET sum=NULL WHERE key='key3'", "PRAGMA user_version=0", "PRAGMA user_version=262147");
  write_file(f.file, whole);
  { Database(f.file).exec(loss); }
  f.log.clear();
  StateStore store(f.file, f.log);
  CHECK(store.instance("input/a")->keys().size() >= 38);
  CHECK(f.log.contains(Level::error, "is damaged and was set aside as"));
}

TEST_CASE("a page that is damaged costs what stood on it, and the store goes on") {
  StateFixture f;
  const auto names = {"input/a", "input/b", "input/c"};
  {
    StateStore store(f.file, f.log);
    for (const char* name : names) {
      auto instance = store.instance(name);
      for (int i = 0; i < 300; ++i) instance->put(concat("key", i), std::string(100, 'v'));
      end_step(store, *instance);
    }
    REQUIRE(store.checkpoint().is_ok());
  }
  std::string bytes = read_file(f.file);
  const auto page = GENERATE(as<std::size_t>{}, 1, 2, 10, 20);
  REQUIRE(bytes.size() > (page + 1) * 4096);
  bytes.replace(page * 4096, 300, std::string(300, '\xa5'));
  write_file(f.file, bytes);
  std::map<std::string, std::size_t> left;
  {
    StateStore store(f.file, f.log);
    for (const char* name : names) left[name] = store.instance(name)->keys().size();
    auto a = store.instance("input/a");
    a->put("new", "1");
    end_step(store, *a);
    CHECK(store.checkpoint().is_ok());
  }
  CHECK(left["input/a"] + left["input/b"] + left["input/c"] < 900);
  REQUIRE(f.log.lines().size() == 1);
  CHECK(f.log.lines()[0].message.find("is damaged and was set aside as") != std::string::npos);
  // All that was there is on disk again.
  StateStore store(f.file, f.log);
  CHECK(store.instance("input/a")->keys().size() == left["input/a"] + 1);
  CHECK(store.instance("input/b")->keys().size() == left["input/b"]);
  CHECK(store.instance("input/c")->keys().size() == left["input/c"]);
  CHECK(f.log.lines().size() == 1);
}

TEST_CASE("a number that was damaged where SQLite does not look is not counted on with") {
  StateFixture f;
  {
    StateStore store(f.file, f.log);
    auto a = store.instance("input/a");
    a->put("good", "total 1111");
    a->put("bad", "total 2222");
    end_step(store, *a);
    REQUIRE(store.checkpoint().is_ok());
  }
  std::string bytes = read_file(f.file);
  const std::size_t place = bytes.find("total 2222");
  REQUIRE(place != std::string::npos);
  bytes[place + 6] = '9';
  write_file(f.file, bytes);
  StateStore store(f.file, f.log);
  auto a = store.instance("input/a");
  CHECK(a->get("good") == "total 1111");
  CHECK_FALSE(a->get("bad").has_value());
  CHECK(f.log.contains(Level::error, "1 values could still be read"));
}

TEST_CASE("a file of version 1, which had no checksums, is read and brought to this one") {
  StateFixture f;
  {
    Database old(f.file);
    old.exec(
        "CREATE TABLE state(instance TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY(instance, key))"
        " WITHOUT ROWID; INSERT INTO state VALUES('input/a', 'x', '1'); PRAGMA user_version = 1");
  }
  {
    StateStore store(f.file, f.log);
    CHECK(store.open().is_ok());
    auto a = store.instance("input/a");
    CHECK(a->get("x") == "1");
    a->put("y", "2");
    end_step(store, *a);
    CHECK(store.checkpoint().is_ok());
  }
  StateStore store(f.file, f.log);
  CHECK(store.instance("input/a")->keys() == std::vector<std::string>{"x", "y"});
  CHECK(f.log.lines().empty());
}

TEST_CASE("the file of a newer trafficd is refused at the start, and not touched") {
  StateFixture f;
  {
    Database newer(f.file);
    newer.exec("CREATE TABLE state(x); PRAGMA user_version = 99");
  }
  const std::string before = read_file(f.file);
  const Status refused = StateStore(f.file, f.log).open();
  CHECK(refused.code() == Status::Code::fatal);
  CHECK(refused.message().find("was written by a newer trafficd (version 99; this one knows 3)") != std::string::npos);
  CHECK(read_file(f.file) == before);
  CHECK(StateStore(f.folder.path() / "none.db", f.log).open().is_ok());
}

TEST_CASE("what is to be saved while somebody is at the file is saved the next time") {
  StateFixture f;
  std::atomic<int> wanted{0};
  StateStore store(f.file, f.log, [&] { ++wanted; });
  auto a = store.instance("input/a");
  a->put("x", "1");
  end_step(store, *a);
  REQUIRE(store.checkpoint().is_ok());
  a->put("x", "2");
  end_step(store, *a);
  {
    Database other(f.file);
    Transaction busy(other);
    std::jthread waits([&] { static_cast<void>(store.checkpoint()); });
    // Without waiting: it is not done, and wanted again.
    CHECK(soon([&] {
      wanted = 0;
      return store.checkpoint(false).is_ok() && wanted > 0;
    }));
  }
  REQUIRE(store.checkpoint(false).is_ok());
  CHECK(StateStore(f.file, f.log).instance("input/a")->get("x") == "2");
}

TEST_CASE("no state, no file") {
  StateFixture f;
  StateStore store(f.file, f.log);
  auto a = store.instance("input/a");
  CHECK(a->keys().empty());
  end_step(store, *a);
  CHECK(store.checkpoint().is_ok());
  CHECK_FALSE(std::filesystem::exists(f.file));
}

TEST_CASE("a damaged state file is set aside, told, and never stops the start") {
  StateFixture f;
  f.folder.write("state.db", std::string(8192, 'x'));
  StateStore store(f.file, f.log);
  auto a = store.instance("input/a");
  CHECK_FALSE(a->get("x").has_value());
  CHECK(f.log.contains(Level::error, "damaged and was set aside"));
  a->put("x", "1");
  end_step(store, *a);
  CHECK(store.checkpoint().is_ok());
  int aside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(f.folder.path()))
    aside += entry.path().filename().string().find(".damaged-") != std::string::npos ? 1 : 0;
  CHECK(aside == 1);
}

TEST_CASE("who makes the checkpoints is told once of new state, and not of steps without any") {
  StateFixture f;
  int told = 0;
  StateStore store(f.file, f.log, [&told] { ++told; });
  auto a = store.instance("input/a");
  end_step(store, *a);
  CHECK(told == 0);
  for (const char* value : {"1", "2"}) {
    a->put("x", value);
    end_step(store, *a);
  }
  CHECK(told == 1);
  CHECK(store.checkpoint().is_ok());
  a->put("x", "3");
  end_step(store, *a);
  CHECK(told == 2);
}

TEST_CASE("a checkpoint that fails keeps what was to be written") {
  StateFixture f;
  const auto folder = f.folder.path() / "later";
  f.folder.write("later", "a file where the folder should be");
  StateStore store(folder / "state.db", f.log);
  InstanceState a(store, "input/a");
  a.put("x", "1");
  end_step(store, a);
  CHECK_FALSE(store.checkpoint().is_ok());
  std::filesystem::remove(folder);
  std::filesystem::create_directory(folder);
  CHECK(store.checkpoint().is_ok());
  CHECK(store.instance("input/a")->get("x") == "1");
}
