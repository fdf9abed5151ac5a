#include "engine/settings.hpp"

#include <filesystem>

#include "catch.hpp"
#include "engine/config_file.hpp"
#include "trafficd/testing/temp_folder.hpp"

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

std::string faults(const std::string& text) {
  Problems problems;
  read(text, problems);
  return texts(problems);
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
  CHECK(faults("interval: 1s\n") ==
        "test.yaml:1:1: inputs: there is no input; add one, for example 'interfaces: { plugin: interface }'\n"
        "test.yaml:1:1: outputs: there is no output; add one, for example 'history: { plugin: sqlite }'\n");
}

TEST_CASE("of a fault and what follows from it, only the fault is told") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"input: { a: }\noutput: { b: }\npipelines: { p: { inputs: [a], outputs: [b] } }",
       "1:1: input: unknown section 'input', did you mean 'inputs'?\n"
       "2:1: output: unknown section 'output', did you mean 'outputs'?\n"},
      {"inputs: [a]\noutputs: { b: }\npipelines: { p: { inputs: [a] } }",
       "1:9: inputs: must be a map of inputs by their names\n"},
      {"inputs: { c: [1, 2] }\noutputs: { b: }\npipelines: { p: { inputs: [c] } }",
       "1:14: inputs.c: an input is a map of options: { plugin: NAME }\n"},
      {"inputs: { a: }\noutputs: { c: stdout }", "2:15: outputs.c: an output is a map of options: { plugin: NAME }\n"},
      {"inputs: { a: { plugin: [x] } }\noutputs: { b: }", "1:24: inputs.a.plugin: must be the name of a plugin\n"},
      {"inputs: { a: }\noutputs: { b: }\npipelines: { p: { outputs: [{ whn: {} }, { whn: {} }] } }",
       "3:31: pipelines.p.outputs[0]: unknown option 'whn', did you mean 'when'?\n"
       "3:29: pipelines.p.outputs[0]: option 'to' is missing: The output.\n"
       "3:44: pipelines.p.outputs[1]: unknown option 'whn', did you mean 'when'?\n"
       "3:42: pipelines.p.outputs[1]: option 'to' is missing: The output.\n"},
  };
  for (const auto& [text, expected] : cases) {
    INFO(text);
    std::string lines;
    Problems problems;
    read(std::string(text), problems);
    for (const Problem& problem : problems) lines += problem.text().substr(std::string("test.yaml:").size()) + '\n';
    CHECK(lines == expected);
  }
}

TEST_CASE("a section that is there misses names, whatever else is misspelt") {
  const std::string all = faults("input: {}\ninputs: { net: }\noutputs: { a: }\npipelines: { p: { inputs: [nett] } }");
  CHECK(all.find("there is no input 'nett', did you mean 'net'?") != std::string::npos);
  CHECK(faults("sources: { a: }\noutputs: { b: }").find("there is no input; add one") != std::string::npos);
}

TEST_CASE("an input's interval is its own or the daemon's, and never nothing") {
  Problems problems;
  const Settings s = read("interval: 3s\ninputs: { a: { interval: 7s }, b: }\noutputs: { c: }", problems);
  CHECK(texts(problems) == "");
  REQUIRE(s.inputs.size() == 2);
  CHECK(s.inputs[0].interval == 7s);
  CHECK(s.inputs[1].interval == 3s);
  for (const char* text : {"0s", "0", "9ms", "25h"}) {
    INFO(text);
    const std::string all = faults(concat("inputs: { a: { interval: ", text, " } }\noutputs: { c: }"));
    CHECK(all == "test.yaml:1:26: inputs.a.interval: must be between 10ms and 1d\n");
  }
}

TEST_CASE("an empty list of a pipeline does not mean all") {
  const auto pipeline = [](std::string_view options) {
    return faults(concat("inputs: { a: }\noutputs: { b: }\npipelines: { p: { ", options, " } }"));
  };
  CHECK(pipeline("outputs: []") ==
        "test.yaml:3:28: pipelines.p.outputs: is empty; name outputs, or leave the option out for all of them\n");
  CHECK(pipeline("inputs: []") ==
        "test.yaml:3:27: pipelines.p.inputs: is empty; name inputs, or leave the option out for all of them\n");
  CHECK(pipeline("outputs: , inputs: ").find("inputs: is empty") != std::string::npos);
  CHECK(pipeline("outputs: , inputs: ").find("outputs: is empty") != std::string::npos);
  CHECK(pipeline("stages: []") == "");
}

TEST_CASE("slips of the daemon's own options in an instance are known for what they are") {
  Problems problems;
  const Settings s = read(R"(
inputs: { a: { intervl: 5s } }
outputs: { b: { bath_size: 1 } }
pipelines: { p: { stages: [ { plugin: rate, max_seris: 5 } ], output: b } }
)",
                          problems);
  CHECK(texts(problems).find("unknown option 'output', did you mean 'outputs'?") != std::string::npos);
  struct None {};
  const auto told = [](const ConfigNode& node) {
    Problems faults;
    Options<None>{}.parse(node, faults);
    return texts(faults);
  };
  CHECK(told(s.inputs[0].node).find("did you mean 'interval'?") != std::string::npos);
  CHECK(told(s.outputs[0].node).find("did you mean 'batch_size'?") != std::string::npos);
  CHECK(told(s.pipelines[0].stages[0].node).find("did you mean 'max_series'?") != std::string::npos);
}

TEST_CASE("plugin folders stand beside the configuration file, and one that is missing is told") {
  const trafficd::testing::TempFolder folder;
  std::filesystem::create_directories(folder.path() / "near");
  folder.write("file", "");
  const std::string name = folder.path() / "test.yaml";
  const std::string end = "\ninputs: { a: }\noutputs: { b: }";
  Problems problems;
  const auto read_here = [&](const std::string& text) {
    return read_settings(parse_config(text + end, name, problems), problems);
  };
  CHECK(read_here(concat("plugin_path: [near, ", folder.path(), "/near]")).plugin_path ==
        std::vector<std::string>(2, folder.path() / "near"));
  CHECK(read_here("plugin_path: near").plugin_path.size() == 1);
  CHECK(texts(problems) == "");
  CHECK(read_here("plugin_path: [far, near, file, '']").plugin_path.size() == 1);
  REQUIRE(problems.size() == 3);
  CHECK(problems[0].text() == concat(name, ":1:15: plugin_path[0]: '", folder.path(),
                                     "/far' is no folder: No such file or directory; make it, or remove the entry"));
  CHECK(problems[1].message == concat("'", folder.path(), "/file' is no folder; make it, or remove the entry"));
}
