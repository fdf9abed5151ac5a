#include "engine/stage_states.hpp"

#include "catch.hpp"
#include "engine_fixture.hpp"

using namespace trafficd;
using namespace trafficd::testing;

namespace {

struct StageStates {
  TempFolder folder;
  RecordingLogger log;
  std::unique_ptr<StateStore> store = std::make_unique<StateStore>(folder.path() / "state.db", log);

  /// A start with these stages: pipeline/id, and the plugin where it is another one than `total`.
  void start(const std::vector<std::pair<std::string, std::string>>& stages) {
    Settings settings;
    for (const auto& [name, plugin] : stages) {
      InstanceSettings stage;
      stage.id = name.substr(name.find('/') + 1);
      stage.plugin = plugin;
      settings.pipelines.push_back({name.substr(0, name.find('/')), {}, {stage}, {}});
    }
    log.clear();
    hand_on_stage_states(*store, log, settings);
  }
  void start(const std::vector<std::string>& names) {
    std::vector<std::pair<std::string, std::string>> stages;
    for (const std::string& name : names) stages.emplace_back(name, "total");
    start(stages);
  }
  void keep(const std::string& stage, const std::string& value) {
    const auto state = store->instance("stage/" + stage);
    state->put("a", value);
    InstanceState* const own[] = {state.get()};
    store->finish_step(own);
  }
  std::string kept(const std::string& stage) const {
    return store->instance("stage/" + stage)->get("a").value_or("nothing");
  }
  std::string said() const {
    std::string all;
    for (const auto& line : log.lines()) all += line.message + '\n';
    return all;
  }
  void kill() { store = std::make_unique<StateStore>(folder.path() / "state.db", log); }
};

using Names = std::vector<std::string>;
using Plugins = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE_METHOD(StageStates, "a stage that was renamed goes on from what it kept, and back again") {
  start(Names{"main/total"});
  CHECK(said().empty());
  keep("main/total", "1");
  start(Names{"main/total"});
  CHECK(said().empty());
  start(Names{"home/total"});
  CHECK(said().find("stage 'home/total' goes on from what 'main/total' kept") != std::string::npos);
  CHECK(kept("home/total") == "1");
  CHECK(kept("main/total") == "nothing");
  keep("home/total", "2");
  start(Names{"home/sum"});
  start(Names{"main/total"});
  CHECK(kept("main/total") == "2");
  CHECK(kept("home/total") == "nothing");
}

TEST_CASE_METHOD(StageStates, "a stage that went long ago does not keep another from its new name") {
  start(Names{"main/total", "extra/total"});
  keep("main/total", "1");
  keep("extra/total", "7");
  start(Names{"main/total"});
  CHECK(said().find("'extra/total'") != std::string::npos);
  start(Names{"home/total"});
  CHECK(kept("home/total") == "1");
  CHECK(kept("extra/total") == "7");
}

TEST_CASE_METHOD(StageStates, "it is not handed on by halves") {
  start(Names{"main/total"});
  keep("main/total", "1");
  REQUIRE(store->checkpoint());
  start(Names{"home/total"});
  kill();
  CHECK(kept("main/total") == "1");
  start(Names{"home/total"});
  REQUIRE(store->checkpoint());
  kill();
  CHECK(kept("main/total") == "nothing");
  CHECK(kept("home/total") == "1");
}

TEST_CASE_METHOD(StageStates, "what a stage kept that nobody has is told once, and waits for its name") {
  start(Names{"main/total"});
  keep("main/total", "1");
  start(Names{});
  CHECK(said().find("what stage 'main/total' kept, such as totals, waits: pipeline 'main' has no stage 'total' any "
                    "more; give a stage that name again") != std::string::npos);
  start(Names{});
  CHECK(said().empty());
  start(Names{"main/total"});
  CHECK(said().empty());
  CHECK(kept("main/total") == "1");
}

TEST_CASE_METHOD(StageStates, "where it is not sure which is which, all is told and nothing handed on") {
  start(Names{"a/total", "b/total"});
  keep("a/total", "1");
  SECTION("two for one") {
    start(Names{"b/total", "c/total", "d/total"});
    CHECK(said().find("'c/total', 'd/total' begin anew") != std::string::npos);
  }
  SECTION("one for two") {
    keep("b/total", "2");
    start(Names{"c/total"});
    CHECK(said().find("'c/total' begins anew") != std::string::npos);
    CHECK(kept("b/total") == "2");
  }
  SECTION("another plugin") { start(Plugins{{"b/total", "total"}, {"c/quota", "quota"}}); }
  CHECK(said().find("what stage 'a/total' kept") != std::string::npos);
  CHECK(kept("a/total") == "1");
  CHECK(kept("c/total") == "nothing");
  CHECK(kept("c/quota") == "nothing");
}

TEST_CASE_METHOD(StageStates,
                 "a stage that kept nothing is missed by nobody, and one that has its own takes no other") {
  start(Names{"a/total"});
  start(Names{"b/total"});
  CHECK(said().empty());
  keep("b/total", "1");
  keep("c/total", "3");
  start(Names{"c/total"});
  CHECK(said().find("what stage 'b/total' kept") != std::string::npos);
  CHECK(kept("c/total") == "3");
}
