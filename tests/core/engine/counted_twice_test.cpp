#include "engine/counted_twice.hpp"

#include "catch.hpp"
#include "engine/config_file.hpp"

using namespace trafficd;

namespace {

struct Lines final : PollInput {
  Lines(const ConfigNode&, Host&) {}
  static Declarations declare() { return {{}, {}, "what the lines say"}; }
  Status collect(Batch&) override { return Status::ok(); }
};
/// An input that says what it emits.
template <Kind kind>
struct Link final : PollInput {
  Link(const ConfigNode&, Host&) {}
  static Declarations declare() { return {{}, {make_measurement("link", "", {{"rx", kind, "By", ""}}, {})}, {}}; }
  Status collect(Batch&) override { return Status::ok(); }
};
template <Kind kind>
struct Make final : Stage {
  Make(const ConfigNode&, Host&) {}
  static Declarations declare() { return {{}, {}, {}, {{kind == Kind::counter ? "_sum" : "_speed", kind}}}; }
  void process(Batch&) override {}
};
struct Sink final : Output {
  Sink(const ConfigNode&, Host&) {}
  static Declarations declare() { return {}; }
  WriteResult write(std::span<const Sample> batch) override { return WriteResult::all(batch); }
};

const PluginDescriptor lines = describe_plugin<Lines>("lines", ""), sink = describe_plugin<Sink>("sink", ""),
                       counting = describe_plugin<Link<Kind::counter>>("counting", ""),
                       gauging = describe_plugin<Link<Kind::gauge>>("gauging", ""),
                       sum = describe_plugin<Make<Kind::counter>>("sum", ""),
                       speed = describe_plugin<Make<Kind::gauge>>("speed", "");

/// What is wrong with these pipelines, a line each.
std::string faults(const std::string& pipelines) {
  Catalog catalog{{}};
  for (const PluginDescriptor* each : {&lines, &sink, &counting, &gauging, &sum, &speed}) catalog.add(each);
  Problems found;
  const Settings settings = read_settings(
      parse_config(
          "inputs: { a: { plugin: lines }, b: { plugin: lines }, c: { plugin: counting }, g: { plugin: gauging } }\n"
          "outputs: { x: { plugin: sink }, y: { plugin: sink } }\npipelines:\n" +
              pipelines,
          "test", found),
      found);
  refuse_counted_twice(catalog, settings, found);
  std::string all;
  for (const Problem& each : found) all += each.text() + '\n';
  return all;
}

const std::string p = "  p: { inputs: [a], stages: [ { plugin: sum } ], outputs: [x] }\n";

}  // namespace

TEST_CASE("two totals of one input for one output are refused, with what to do") {
  CHECK(faults(p) == "");
  CHECK(faults(p + "  q: { inputs: [b, a], stages: [ { plugin: sum } ], outputs: [y, x] }\n") ==
        "test:5:44: pipelines.q.stages[0]: output 'x' would get '*_sum' of input 'a' from here and from pipeline 'p', "
        "each with a total of its own, and count twice; join the pipelines, take 'sum' out of one, or name in 'when: { "
        "measurement: … }' of that output what else it gets from one of them\n");
  CHECK(faults("  p: { inputs: [a], stages: [ { plugin: sum }, { plugin: sum, id: again } ], outputs: [x] }\n") ==
        "test:4:58: pipelines.p.stages[1]: output 'x' would get '*_sum' of input 'a' from here and from stage 'sum', "
        "each with a total of its own, and count twice; one 'sum' is enough\n");
}

TEST_CASE("pipelines that do not meet may both make totals") {
  const auto beside = [](const std::string& q) { return faults(p + "  q: " + q + "\n"); };
  CHECK(beside("{ inputs: [b], stages: [ { plugin: sum } ], outputs: [x] }") == "");
  CHECK(beside("{ inputs: [a], stages: [ { plugin: sum } ], outputs: [y] }") == "");
  CHECK(beside("{ inputs: [a], outputs: [x] }") == "");
  CHECK(beside("{ inputs: [a], stages: [ { plugin: speed } ], outputs: [x] }") == "");
  CHECK(faults("  p: { inputs: [a], stages: [ { plugin: speed } ] }\n  q: { stages: [ { plugin: speed } ] }\n") == "");
  const std::string route = "{ inputs: [a], stages: [ { plugin: sum } ], outputs: [ { to: x, when: { measurement: ";
  CHECK(beside(route + "'*_rate' } } ] }") == "");
  CHECK(faults("  o: " + route + "'*_rate' } } ] }\n" + p) == "");
  CHECK(beside(route + "[ a_rate, 'b*_sum' ] } } ] }") != "");
}

TEST_CASE("of an input that says what it emits, only that is looked at") {
  const auto both = [](const std::string& input, const std::string& when) {
    const std::string rest = concat(": { inputs: [", input,
                                    "], stages: [ { plugin: sum } ], outputs: [ { to: x, when: { "
                                    "measurement: ",
                                    when, " } } ] }\n");
    return faults("  p" + rest + "  q" + rest);
  };
  CHECK(both("c", "link_sum") != "");
  CHECK(both("c", "'link*'") != "");
  CHECK(both("c", "disk_sum") == "");
  CHECK(both("g", "'*'") == "");
}

TEST_CASE("patterns meet where some text fits both") {
  const auto meet = [](const char* a, const char* b) {
    CHECK(patterns_meet(a, b) == patterns_meet(b, a));
    return patterns_meet(a, b);
  };
  CHECK(meet("", ""));
  CHECK(meet("*", ""));
  CHECK(meet("a*", "*b"));
  CHECK(meet("a*b", "ab"));
  CHECK(meet("*_total", "link_t*l"));
  CHECK(meet("a?c", "*bc"));
  CHECK(meet("[ab]_total", "a*"));
  CHECK(meet("[]x]_total", "*_total"));
  CHECK_FALSE(meet("", "a"));
  CHECK_FALSE(meet("a*", "b*"));
  CHECK_FALSE(meet("*a", "*b"));
  CHECK_FALSE(meet("a*b", "a"));
  CHECK_FALSE(meet("[ab]_total", "*_rate"));
  CHECK_FALSE(meet("[!]]x", "*y"));
}
