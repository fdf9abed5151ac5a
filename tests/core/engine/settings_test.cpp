#include "engine/settings.hpp"

#include "catch.hpp"
#include "engine/config_file.hpp"

using namespace trafficd;
using namespace std::chrono_literals;

namespace {

Settings read(const std::string& text, Problems& problems) {
  const ConfigNode root = parse_config(text, "test.yaml", problems);
  return read_settings(root, problems);
}

std::string texts(const Problems& problems) {
  std::string all;
  for (const Problem& problem : problems) all += problem.text() + '\n';
  return all;
}

}  // namespace

TEST_CASE("without pipelines every input goes to every output") {
  Problems problems;
  const Settings s = read(R"(
interval: 5s
inputs:
  net: { plugin: interface, match: [eth0] }
  self:
outputs:
  history: { plugin: sqlite, batch_size: 10 }
  screen: { plugin: stdout }
)",
                          problems);
  INFO(texts(problems));
  CHECK(problems.empty());
  REQUIRE(s.inputs.size() == 2);
  CHECK(s.inputs[0].interval == 5s);
  CHECK(s.inputs[0].node.find("match") != nullptr);
  CHECK(s.inputs[0].node.find("plugin") == nullptr);
  CHECK(s.inputs[1].plugin == "self");
  REQUIRE(s.pipelines.size() == 1);
  CHECK(s.pipelines[0].inputs == std::vector<std::string>{"net", "self"});
  REQUIRE(s.pipelines[0].outputs.size() == 2);
  CHECK(s.outputs[0].batch_size == 10);
}

TEST_CASE("pipelines: stages, routes and conditions") {
  Problems problems;
  const Settings s = read(R"(
inputs: { net: { plugin: interface, interval: 1s, tags: { site: home } } }
outputs: { a: { plugin: stdout }, b: { plugin: stdout } }
pipelines:
  main:
    inputs: [net]
    stages:
      - { plugin: rate }
      - { plugin: rate, id: again, fields: [x] }
    outputs:
      - a
      - { to: b, when: { measurement: "interface*", tags: { site: "h*" } } }
)",
                          problems);
  INFO(texts(problems));
  CHECK(problems.empty());
  REQUIRE(s.pipelines.size() == 1);
  REQUIRE(s.pipelines[0].stages.size() == 2);
  CHECK(s.pipelines[0].stages[0].id == "rate");
  CHECK(s.pipelines[0].stages[1].id == "again");
  REQUIRE(s.pipelines[0].outputs.size() == 2);
  CHECK(s.pipelines[0].outputs[1].measurements == std::vector<std::string>{"interface*"});
  CHECK(s.inputs[0].tags == Tags{{"site", "home"}});
}

TEST_CASE("faults of the daemon's own sections have their place and a suggestion") {
  Problems problems;
  read(R"(intervall: 5s
input: {}
inputs:
  "bad name!": { plugin: interface }
  net: { plugin: interface, interval: 1ms }
outputs:
  a: { plugin: stdout, batch_size: 0 }
pipelines:
  main:
    inputs: [nett]
    stages: [ { plugin: rate }, { plugin: rate }, rate ]
    outputs: [ { to: a, whn: {} }, a, bb ]
)",
       problems);
  const std::string all = texts(problems);
  INFO(all);
  CHECK(all.find("test.yaml:1:1: intervall: unknown section 'intervall', did you mean 'interval'?") !=
        std::string::npos);
  CHECK(all.find("test.yaml:2:1: input: unknown section 'input', did you mean 'inputs'?") != std::string::npos);
  CHECK(all.find("test.yaml:4:3:") != std::string::npos);
  CHECK(all.find("inputs.net.interval: must be between") != std::string::npos);
  CHECK(all.find("outputs.a.batch_size: must be between") != std::string::npos);
  CHECK(all.find("there is no input 'nett', did you mean 'net'?") != std::string::npos);
  CHECK(all.find("two stages of this pipeline are called 'rate'") != std::string::npos);
  CHECK(all.find("a stage is a map") != std::string::npos);
  CHECK(all.find("did you mean 'when'?") != std::string::npos);
  CHECK(all.find("output 'a' stands twice") != std::string::npos);
  CHECK(all.find("there is no output 'bb'") != std::string::npos);
  CHECK(problems.size() == 11);
}

TEST_CASE("a configuration without inputs or outputs says what to add") {
  Problems problems;
  read("interval: 1s\n", problems);
  CHECK(problems.size() == 2);
}
