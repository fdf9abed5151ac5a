#include "engine/state.hpp"

#include "catch.hpp"
#include "engine_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

struct StateFixture {
  TempFolder folder;
  RecordingLogger log;
  std::filesystem::path file = folder.path() / "state.db";
};

}  // namespace

TEST_CASE("state survives, per instance, once its step has ended and a checkpoint was made") {
  StateFixture f;
  {
    StateStore store(f.file, f.log);
    auto a = store.instance("input/a"), b = store.instance("input/b");
    a->put("x", "1");
    a->end_step();
    b->put("x", std::string("\0binary", 7));
    b->end_step();
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
  a->end_step();
  CHECK(store.checkpoint().is_ok());
  CHECK(StateStore(f.file, f.log).instance("input/a")->keys().empty());
}

TEST_CASE("a successor sees what its predecessor put, even before the checkpoint") {
  StateFixture f;
  StateStore store(f.file, f.log);
  auto before = store.instance("input/a");
  before->put("x", "1");
  before->end_step();
  CHECK(store.instance("input/a")->get("x") == "1");
}

TEST_CASE("what is only read is not written: a full disk must not keep anybody from starting") {
  StateFixture f;
  {
    StateStore store(f.file, f.log);
    auto a = store.instance("input/a");
    a->put("x", "1");
    a->end_step();
    REQUIRE(store.checkpoint().is_ok());
  }
  const std::string before = read_file(f.file);
  CHECK(StateStore(f.file, f.log).instance("input/a")->get("x") == "1");
  CHECK(read_file(f.file) == before);
  // Made when there was room for the name only.
  write_file(f.file, "");
  CHECK(StateStore(f.file, f.log).instance("input/a")->keys().empty());
  CHECK(read_file(f.file).empty());
}

TEST_CASE("a page that is damaged costs what stood on it, and the store goes on") {
  StateFixture f;
  const auto names = {"input/a", "input/b", "input/c"};
  {
    StateStore store(f.file, f.log);
    for (const char* name : names) {
      auto instance = store.instance(name);
      for (int i = 0; i < 300; ++i) instance->put(concat("key", i), std::string(100, 'v'));
      instance->end_step();
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
    a->end_step();
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

TEST_CASE("no state, no file") {
  StateFixture f;
  StateStore store(f.file, f.log);
  auto a = store.instance("input/a");
  CHECK(a->keys().empty());
  a->end_step();
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
  a->end_step();
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
  a->end_step();
  CHECK(told == 0);
  for (const char* value : {"1", "2"}) {
    a->put("x", value);
    a->end_step();
  }
  CHECK(told == 1);
  CHECK(store.checkpoint().is_ok());
  a->put("x", "3");
  a->end_step();
  CHECK(told == 2);
}

TEST_CASE("a checkpoint that fails keeps what was to be written") {
  StateFixture f;
  const auto folder = f.folder.path() / "later";
  f.folder.write("later", "a file where the folder should be");
  StateStore store(folder / "state.db", f.log);
  InstanceState a(store, "input/a");
  a.put("x", "1");
  a.end_step();
  CHECK_FALSE(store.checkpoint().is_ok());
  std::filesystem::remove(folder);
  std::filesystem::create_directory(folder);
  CHECK(store.checkpoint().is_ok());
  CHECK(store.instance("input/a")->get("x") == "1");
}
