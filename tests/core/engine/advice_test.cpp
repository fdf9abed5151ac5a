#include "engine/advice.hpp"

#include <filesystem>

#include "catch.hpp"
#include "engine/config_file.hpp"
#include "trafficd/testing/temp_folder.hpp"

using namespace trafficd;
namespace fs = std::filesystem;

namespace {

struct Server {
  Secret password;
};

struct Config {
  Secret token{Secret::Source::text, "default"};
  std::string root = "/nonexistent/default";
  std::vector<std::string> files;
  Server server;
  std::vector<Server> peers;
};

Options<Config> options() {
  const Options<Server> server = Options<Server>{}.add("password", &Server::password, "Password.");
  return Options<Config>{}
      .add("token", &Config::token, "Token.")
      .add("root", &Config::root, "Root.")
      .existing_path()
      .add("files", &Config::files, "Files.")
      .existing_path()
      .add_block("server", &Config::server, server, "Server.")
      .add_list("peers", &Config::peers, server, "Peers.");
}

struct Poll final : PollInput {
  Poll(const ConfigNode&, Host&) {}
  static Declarations declare() { return {options().docs(), {}, {}}; }
  Status collect(Batch&) override { return Status::ok(); }
};

/// An input that says what it emits.
struct Meter final : PollInput {
  Meter(const ConfigNode&, Host&) {}
  static Declarations declare() {
    return {{},
            {make_measurement("link", "", {{"rx_bytes", Kind::counter, "By", ""}, {"up", Kind::gauge, "1", ""}},
                              {"interface"})},
            {}};
  }
  Status collect(Batch&) override { return Status::ok(); }
};

/// A stage that makes `<measurement>_sum`.
struct Sum final : Stage {
  struct Config {
    std::vector<std::string> fields, only;
  };
  static Options<Config> options() {
    return Options<Config>{}
        .add("fields", &Config::fields, "Fields.")
        .patterns(OptionDoc::Fits::counter)
        .add("only", &Config::only, "Only.")
        .patterns(OptionDoc::Fits::measurement);
  }
  Sum(const ConfigNode&, Host&) {}
  static Declarations declare() { return {options().docs(), {}, {}, {{"_sum", Kind::gauge}}}; }
  void process(Batch&) override {}
};

struct Pass final : Stage {
  Pass(const ConfigNode&, Host&) {}
  static Declarations declare() { return {options().docs(), {}, {}}; }
  void process(Batch&) override {}
};

struct Sink final : Output {
  Sink(const ConfigNode&, Host&) {}
  static Declarations declare() { return {options().docs(), {}, {}}; }
  WriteResult write(std::span<const Sample> batch) override { return WriteResult::all(batch); }
};

const PluginDescriptor poll = describe_plugin<Poll>("poll", "");
const PluginDescriptor meter = describe_plugin<Meter>("meter", "");
const PluginDescriptor sum = describe_plugin<Sum>("sum", "");
const PluginDescriptor pass = describe_plugin<Pass>("pass", "");
const PluginDescriptor sink = describe_plugin<Sink>("sink", "");

struct AdviceFixture {
  testing::TempFolder folder;
  fs::path file = folder.path() / "test.yaml";

  /// What is said of a file with this input, a line each, without the file's name.
  std::string of(const std::string& input, const std::string& rest = "outputs: { sink: }\n") {
    return of_file(concat("inputs: { poll: ", input, " }\n", rest));
  }
  std::string of_file(const std::string& text) {
    folder.write("test.yaml", text);
    fs::permissions(file, mode);
    Problems problems;
    const ConfigNode root = parse_config(text, "f", problems, [](const std::string&) { return "from outside"; });
    const Settings settings = read_settings(root, problems);
    REQUIRE(problems.empty());
    Catalog catalog({});
    for (const PluginDescriptor* plugin : {&poll, &meter, &sum, &pass, &sink}) catalog.add(plugin);
    std::string all;
    for (const Problem& each : advice(settings, catalog, file, folder.path())) all += each.text() + '\n';
    return all;
  }
  fs::perms mode = fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read;
};

const std::string plain = "a secret in plain text; write { file: PATH }, { credential: NAME } or { env: NAME }";

}  // namespace

TEST_CASE("a secret in plain text is worth a word, wherever it stands, and is not shown") {
  AdviceFixture f;
  CHECK(f.of("{ token: hunter2 }") == "f:1:26: inputs.poll.token: " + plain + "\n");
  CHECK(f.of("{ server: { password: hunter2 } }") == "f:1:39: inputs.poll.server.password: " + plain + "\n");
  CHECK(f.of("{ peers: [{}, { password: hunter2 }] }") == "f:1:43: inputs.poll.peers[1].password: " + plain + "\n");
  CHECK(f.of("", "outputs: { sink: { token: x } }\npipelines: { p: { stages: [{ plugin: pass, token: y }] } }\n") ==
        "f:2:27: outputs.sink.token: " + plain + "\nf:3:51: pipelines.p.stages[0].token: " + plain + "\n");
}

TEST_CASE("where every user can read the file, that is said too") {
  AdviceFixture f;
  f.mode = f.mode | fs::perms::others_read;
  CHECK(f.of("{ token: hunter2 }") ==
        "f:1:26: inputs.poll.token: a secret in plain text in a file that every user of this machine can read; write "
        "{ file: PATH }, { credential: NAME } or { env: NAME }, or 'chmod o-r' it\n");
}

TEST_CASE("a secret that stands elsewhere is none of the file's") {
  AdviceFixture f;
  for (const char* good : {"{ token: '${TOKEN}' }", "{ token: { env: TOKEN } }", "{ token: { credential: token } }",
                           "{ token: '' }", "{ token: { file: relative } }", "", "{}"}) {
    INFO(good);
    CHECK(f.of(good) == "");
  }
}

TEST_CASE("files that must be there and are not are told, defaults aside") {
  AdviceFixture f;
  const std::string there = f.folder.path();
  CHECK(f.of(concat("{ root: ", there, ", files: [", there, "/test.yaml], token: { file: ", there, "/test.yaml } }")) ==
        "");
  CHECK(f.of("{ root: /nonexistent/x }") ==
        "f:1:25: inputs.poll.root: '/nonexistent/x' cannot be read by this user: No such file or directory; the user "
        "of the service must be able to\n");
  CHECK(f.of("{ token: { file: /nonexistent/y } }").find("inputs.poll.token.file: '/nonexistent/y' cannot be read") !=
        std::string::npos);
  CHECK(f.of(concat("{ files: [", there, ", /nonexistent/z] }")).find("inputs.poll.files[1]: '/nonexistent/z'") !=
        std::string::npos);
}

TEST_CASE("patterns for what no input declares and no stage makes are told") {
  AdviceFixture f;
  const auto of = [&](const std::string& pipeline, const std::string& inputs = "meter: {}") {
    return f.of_file(concat("inputs: { ", inputs, " }\noutputs: { sink: {} }\npipelines:\n  p: ", pipeline, "\n"));
  };
  CHECK(of("{ stages: [ { plugin: sum, fields: ['rx_*'], only: [link] } ] }") == "");
  CHECK(of("{ stages: [ { plugin: sum, fields: [rx_byts] } ] }") ==
        "f:4:42: pipelines.p.stages[0].fields[0]: 'rx_byts' fits no counter that comes through this pipeline, did you "
        "mean "
        "'rx_bytes'?\n");
  CHECK(of("{ stages: [ { plugin: sum, only: [linc, 'x*'] } ] }").find("'x*' fits no measurement") !=
        std::string::npos);
  CHECK(of("{ stages: [ { plugin: sum } ], outputs: [ { to: sink, when: { measurement: link_sum } } ] }") == "");
  CHECK(of("{ stages: [ { plugin: sum, id: a }, { plugin: sum } ], outputs: [ { to: sink, when: { measurement: "
           "link_sum_sum } } ] }") != "");
  CHECK(of("{ outputs: [ { to: sink, when: { measurement: link_sum } } ] }").find("'link_sum' fits no measurement") !=
        std::string::npos);
  // An input that does not know beforehand what it will emit.
  CHECK(of("{ stages: [ { plugin: sum, fields: [rx_byts] } ] }", "meter: {}, poll: {}") == "");
}

TEST_CASE("an instance that no pipeline uses is told with its place") {
  AdviceFixture f;
  CHECK(f.of_file("inputs: { meter: {}, poll: {} }\noutputs: { sink: {}, other: { plugin: sink } }\n"
                  "pipelines: { p: { inputs: [poll], outputs: [sink] } }\n") ==
        "f:1:18: inputs.meter: is in no pipeline, so it does nothing; name it in one\n"
        "f:2:29: outputs.other: is in no pipeline, so it does nothing; name it in one\n");
}

TEST_CASE("tags that are near a declared one, or called like one, are told") {
  AdviceFixture f;
  CHECK(
      f.of_file("inputs: { meter: {} }\noutputs: { sink: {} }\npipelines:\n"
                "  p: { outputs: [ { to: sink, when: { tags: { interfac: e, primary: on1 } } } ] }\n") ==
      "f:4:47: pipelines.p.outputs[0].when.tags.interfac: no plugin of this pipeline declares the tag 'interfac', did "
      "you mean 'interface'?\n");
  CHECK(f.of_file("inputs: { meter: { tags: { site: home, up: x, interface: y } } }\noutputs: { sink: {} }\n") ==
        "f:1:18: inputs.meter: the tag 'interface' is called like one of the plugin's own tags or fields, and may be "
        "lost; choose another name\n"
        "f:1:18: inputs.meter: the tag 'up' is called like one of the plugin's own tags or fields, and may be lost; "
        "choose another name\n");
}

TEST_CASE("samples that wait for an output that is not there are told") {
  AdviceFixture f;
  const auto spool = f.folder.path() / "spool";
  f.folder.write("spool/gone/0000000001-0000000001.seg", "x");
  f.folder.write("spool/sink/0000000001-0000000001.seg", "x");
  fs::create_directories(spool / "empty");
  const std::string gone = concat("outputs.gone: samples wait in '", spool / "gone",
                                  "' for an output of this name; give it the name again to deliver them, or remove the "
                                  "folder\n");
  CHECK(f.of("") == gone);
  CHECK(f.of("", "outputs: { sink: { spool: { mode: \"off\" } }, gone: { plugin: sink } }\n") ==
        concat("f:2:18: outputs.sink: samples wait in '", spool / "sink",
               "' for this output, which has its spool switched off; switch it on to deliver them, or remove the "
               "folder\n"));
}
