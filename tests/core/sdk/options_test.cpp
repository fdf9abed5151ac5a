#include "trafficd/options.hpp"

#include "catch.hpp"
#include "engine/config_file.hpp"

using namespace trafficd;
using namespace std::chrono_literals;

namespace {

enum class Mode { fast, exact };

struct Inner {
  std::string host = "localhost";
  int port = 80;
};

struct Config {
  bool flag = true;
  int count = 5;
  std::int64_t offset = -1;
  std::uint64_t limit = 0;
  double ratio = 0.5;
  std::string name;
  Duration idle = 60s;
  ByteSize size{65536};
  Network lan;
  Secret token;
  Tags tags;
  std::vector<std::string> match{"eth*", "lo"};
  std::vector<Network> networks;
  Mode mode = Mode::exact;
  Inner server;
  std::vector<Inner> peers;
};

Options<Inner> inner() {
  return Options<Inner>{}
      .add("host", &Inner::host, "Host.")
      .required()
      .add("port", &Inner::port, "Port.")
      .range(&Inner::port, 1, 65535);
}

Options<Config> options() {
  return Options<Config>{}
      .add("flag", &Config::flag, "Flag.")
      .add("count", &Config::count, "Count.")
      .range(&Config::count, 1, 100)
      .add("offset", &Config::offset, "Offset.")
      .add("limit", &Config::limit, "Limit.")
      .range(&Config::limit, 10, 20)
      .add("ratio", &Config::ratio, "Ratio.")
      .add("name", &Config::name, "Name.")
      .check([](const Config& c) { return c.name.empty() && c.count == 7 ? "a name is needed for seven" : ""; })
      .add("idle", &Config::idle, "Idle.")
      .range(&Config::idle, 1s, 1h)
      .add("size", &Config::size, "Size.")
      .add("lan", &Config::lan, "Lan.")
      .add("token", &Config::token, "Token.")
      .add("tags", &Config::tags, "Tags.")
      .add("match", &Config::match, "Match.")
      .add("networks", &Config::networks, "Networks.")
      .add_choice("mode", &Config::mode, {{"fast", Mode::fast}, {"exact", Mode::exact}}, "Mode.")
      .add_block("server", &Config::server, inner(), "Server.")
      .add_list("peers", &Config::peers, inner(), "Peers.");
}

std::optional<std::string> no_environment(const std::string&) { return std::nullopt; }

/// The config that the text gives, and every fault as a line.
struct Outcome {
  Config config;
  std::string faults;
};

Outcome read(std::string_view text) {
  Problems problems;
  const ConfigNode node = parse_config(text, "t", problems, no_environment);
  Outcome out{options().parse(node, problems), {}};
  for (const Problem& problem : problems) out.faults += problem.text() + "\n";
  return out;
}

const OptionDoc& doc(const std::vector<OptionDoc>& docs, std::string_view name) {
  for (const OptionDoc& each : docs)
    if (each.name == name) return each;
  FAIL("no option " << name);
  return docs.front();
}

}  // namespace

TEST_CASE("every type of option is read") {
  const auto [config, faults] = read(R"(
flag: no
count: 100
offset: -9223372036854775808
limit: 20
ratio: 1e3
name: 'yes'
idle: 1h
size: 1.5GiB
lan: 192.168.0.0/16
token: { file: /run/token }
tags: { site: home, floor: 2 }
match: [ppp*]
networks: fd00::/8
mode: fast
server: { host: example, port: 8080 }
peers: [{ host: a }, { host: b, port: 1 }]
)");
  CHECK(faults == "");
  CHECK(config.flag == false);
  CHECK(config.count == 100);
  CHECK(config.offset == std::numeric_limits<std::int64_t>::min());
  CHECK(config.limit == 20);
  CHECK(config.ratio == 1000);
  CHECK(config.name == "yes");
  CHECK(config.idle == 1h);
  CHECK(config.size.bytes == 1610612736);
  CHECK(format_network(config.lan) == "192.168.0.0/16");
  CHECK(config.token.source() == Secret::Source::file);
  CHECK(config.token.where() == "/run/token");
  CHECK(config.tags == Tags{{"floor", "2"}, {"site", "home"}});
  CHECK(config.match == std::vector<std::string>{"ppp*"});
  REQUIRE(config.networks.size() == 1);
  CHECK(config.mode == Mode::fast);
  CHECK(config.server.port == 8080);
  REQUIRE(config.peers.size() == 2);
  CHECK(config.peers[0].port == 80);
  CHECK(config.peers[1].host == "b");
}

TEST_CASE("what is not given keeps its default, even one outside the bounds") {
  const auto [config, faults] = read("{}");
  CHECK(faults == "");
  CHECK(config.limit == 0);
  CHECK(config.match.size() == 2);
  CHECK(read("").faults == "");
}

TEST_CASE("a bad value never hides the others") {
  const auto [config, faults] = read(R"(flag: maybe
count: 101
offset: 010
limit: -1
ratio: .nan
name: on
idle: 10
size: 10
lan: 10.0.0.1/8
token: { path: x }
tags: [a]
mode: exakt
server: { prot: 80 }
intervall: 10s
)");
  CHECK(
      faults ==
      R"(t:14:1: unknown option 'intervall'; known are flag, count, offset, limit, ratio, name, idle, size, lan, token, tags, match, networks, mode, server, peers
t:1:7: flag: must be yes or no, not 'maybe'
t:2:8: count: must be between 1 and 100
t:3:9: offset: '010' looks like an octal number; write it without the leading zero
t:4:8: limit: must not be negative, as -1 is
t:5:8: ratio: must be a number, not '.nan'
t:6:7: name: must be a text, and on is not one to every reader of YAML; write "on"
t:7:7: idle: needs a unit: say 10s, or another of ms, s, m, h, d, w, y
t:8:7: size: needs a unit: say 10B, or another of kB, MB, GB, KiB, MiB, GiB
t:9:6: lan: '10.0.0.1/8' has bits behind its prefix; the block is 10.0.0.0/8, the address alone 10.0.0.1
t:10:8: token: must be a secret: { file: PATH }, { env: NAME } or { credential: NAME }, not 'path'
t:11:7: tags: must be a map of tags such as { site: home }
t:12:7: mode: must be one of fast, exact; did you mean 'exact'?
t:13:11: server: unknown option 'prot', did you mean 'port'?
t:13:9: server: option 'host' is missing: Host.
)");
}

TEST_CASE("a node of the wrong shape is refused in words") {
  CHECK(read("count: [1]").faults == "t:1:8: count: must be a whole number, not a list\n");
  CHECK(read("count: { a: 1 }").faults == "t:1:8: count: must be a whole number, not a map\n");
  CHECK(read("name:").faults == "t:1:1: name: has no value; give a text or leave the option out\n");
  CHECK(read("server: 5").faults == "t:1:9: server: must be a map of options, not a single value\n");
  CHECK(read("[1, 2]").faults == "t:1:1: must be a map of options, not a list\n");
  CHECK(read("match: [a, [b]]").faults == "t:1:12: match[1]: must be a text, not a list\n");
  CHECK(read("peers: [{ host: a }, x]").faults == "t:1:22: peers[1]: must be a map of options, not a single value\n");
  CHECK(read("mode: [fast]").faults == "t:1:7: mode: must be one of fast, exact\n");
}

TEST_CASE("numbers out of what their type holds are refused with the bounds") {
  CHECK(read("count: 2147483648").faults == "t:1:8: count: must be between -2147483648 and 2147483647\n");
  CHECK(read("limit: 18446744073709551616").faults == "t:1:8: limit: must be between 0 and 18446744073709551615\n");
  CHECK(read("count: 5s").faults == "t:1:8: count: must be a whole number, not '5s'\n");
  CHECK(read("count: 0x10").faults == "t:1:8: count: must be a whole number, not '0x10'\n");
  CHECK(read("count: 0o17").faults.find("octal") != std::string::npos);
  CHECK(read("count: 1.0").faults == "t:1:8: count: must be a whole number, not '1.0'\n");
  CHECK(read("ratio: 0.25").config.ratio == 0.25);
  CHECK(read("limit: 9").faults == "t:1:8: limit: must be between 10 and 20\n");
  CHECK(read("idle: 500ms").faults == "t:1:7: idle: must be between 1s and 1h\n");
}

TEST_CASE("the range is held against what was given, not against a value that could not be read") {
  CHECK(read("limit: x").faults == "t:1:8: limit: must be a whole number, not 'x'\n");
}

TEST_CASE("a check sees the whole block and names the option when it was not given") {
  CHECK(read("count: 7").faults == "t:1:1: option 'name': a name is needed for seven\n");
  CHECK(read("count: 7\nname: \"\"").faults == "t:2:7: name: a name is needed for seven\n");
  CHECK(read("count: 7\nname: seven").faults == "");
  CHECK(read("count: 7\nname: no").faults.find("seven") == std::string::npos);
}

TEST_CASE("truths are yes, no, true and false") {
  for (const char* text : {"flag: yes", "flag: true", "flag: True", "flag: \"yes\""}) CHECK(read(text).config.flag);
  for (const char* text : {"flag: no", "flag: false", "flag: NO"}) CHECK_FALSE(read(text).config.flag);
  for (const char* text : {"flag: on", "flag: off", "flag: 1", "flag: y", "flag: \"\""})
    CHECK(read(text).faults.find("must be yes or no") != std::string::npos);
}

TEST_CASE("a secret has one source, and plain text is never shown") {
  CHECK(read("token: { env: TOKEN }").config.token.source() == Secret::Source::environment);
  CHECK(read("token: { credential: token }").config.token.source() == Secret::Source::credential);
  const auto plain = read("token: hunter2");
  CHECK(plain.faults == "");
  CHECK(plain.config.token.where() == "***");
  CHECK(detail::OptionCodec<Secret>::print(plain.config.token) == "***");
  CHECK(read("token: ''").config.token.empty());
  CHECK(read("token: { file: a, env: b }").faults.find("exactly one") != std::string::npos);
  CHECK(read("token: { file: }").faults.find("'file' has no value") != std::string::npos);
  CHECK(read("token: { credential: ../x }").faults.find("without a folder") != std::string::npos);
  CHECK(read("token: { env: 'A=hunter2' }").faults.find("hunter2") == std::string::npos);
  CHECK(read("token: [hunter2]").faults.find("hunter2") == std::string::npos);
  CHECK(read("token: [hunter2]").faults.find("must be a secret") != std::string::npos);
}

TEST_CASE("tags need names that every output can carry") {
  CHECK(read("tags: { bad-name: x }").faults.find("'bad-name' must be named with letters") != std::string::npos);
  CHECK(read("tags: { 1st: x }").faults.find("'1st'") != std::string::npos);
  CHECK(read("tags: { primary: yes }").faults.find("the tag 'primary' must be a text") != std::string::npos);
  CHECK(read("tags: { primary: 'yes' }").faults == "");
  CHECK(read("tags: { a: { b: c } }").faults.find("the tag 'a' must be a text, not a map") != std::string::npos);
}

TEST_CASE("the documentation of an option is what the code does") {
  const auto docs = options().docs();
  CHECK(doc(docs, "flag").default_text == "yes");
  CHECK(doc(docs, "count").default_text == "5");
  CHECK(doc(docs, "count").minimum == std::optional<std::string>("1"));
  CHECK(doc(docs, "idle").maximum == std::optional<std::string>("1h"));
  CHECK(doc(docs, "idle").default_text == "1m");
  CHECK(doc(docs, "size").default_text == "64KiB");
  CHECK(doc(docs, "name").default_text == "");
  CHECK(doc(docs, "lan").default_text == "");
  CHECK(doc(docs, "match").default_text == "[eth*, lo]");
  CHECK(doc(docs, "match").list);
  CHECK(doc(docs, "tags").type == OptionDoc::Type::tags);
  CHECK_FALSE(doc(docs, "tags").list);
  CHECK(doc(docs, "mode").default_text == "exact");
  CHECK(doc(docs, "server").nested.size() == 2);
  CHECK(doc(doc(docs, "server").nested, "host").required);
  CHECK(doc(doc(docs, "server").nested, "host").default_text == "");
  CHECK(type_name(doc(docs, "mode")) == "one of fast, exact");
  CHECK(type_name(doc(docs, "networks")) == "list of network");
  CHECK(options().names().size() == docs.size());
}

TEST_CASE("a default is printed so that it reads back") {
  for (const std::string text : {"plain", "yes", "12", "*", "a: b", "a#b", "", "-", "say \"hi\"", "back\\slash",
                                 "tab\there", " lead", "trail ", "null", "{x", "a${NAME}x"}) {
    std::string printed = detail::OptionCodec<std::string>::print(text);
    if (printed.empty()) printed = "''";
    INFO(printed);
    Problems problems;
    const ConfigNode node = parse_config("name: " + printed, "t", problems, no_environment);
    REQUIRE(problems.empty());
    std::string back;
    CHECK(detail::OptionCodec<std::string>::read(*node.find("name"), back) == "");
    CHECK(back == text);
  }
  CHECK(detail::OptionCodec<Tags>::print({{"a", "b"}, {"c", "1"}}) == "{ a: b, c: \"1\" }");
}

TEST_CASE("a constructor throws one error with every fault") {
  Problems problems;
  const ConfigNode node = parse_config("count: x\nidle: 5", "t", problems, no_environment);
  try {
    options().parse(node);
    FAIL("accepted");
  } catch (const ConfigError& error) {
    REQUIRE(error.problems().size() == 2);
    CHECK(error.problems()[1].mark.line == 2);
    CHECK(error.problems()[1].path == "idle");
    CHECK(std::string(error.what()).find('\n') != std::string::npos);
  }
}

TEST_CASE("what was wrong while the file was read is not complained of twice") {
  const auto [config, faults] = read("idle: ${UNSET}\ncount: 0");
  CHECK(faults ==
        "t:1:7: the environment variable UNSET is not set; set it, or write ${UNSET:-default}\n"
        "t:2:8: count: must be between 1 and 100\n");
}

TEST_CASE("the nearest word is one that is near") {
  const std::vector<std::string> words{"interval", "interface", "inputs", "to", "log"};
  CHECK(nearest("intervall", words) == "interval");
  CHECK(nearest("interafce", words) == "interface");
  CHECK(nearest("Inputs", words) == "inputs");
  CHECK(nearest("input", words) == "inputs");
  CHECK(nearest("lgo", words) == "log");
  CHECK(nearest("ot", words) == "to");
  CHECK(nearest("xy", words) == "");
  CHECK(nearest("banana", words) == "");
  CHECK(nearest("", words) == "");
  CHECK(nearest(std::string(100'000, 'x'), words) == "");
  CHECK(nearest("x", {}) == "");
}

TEST_CASE("nodes answer for their keys") {
  Problems problems;
  const ConfigNode node = parse_config("a: 1\nb: 2\nc: 3", "t", problems, no_environment);
  REQUIRE(node.find("b"));
  CHECK(node.find("b")->text == "2");
  CHECK(node.find("d") == nullptr);
  const ConfigNode rest = node.without({"a", "c", "x"});
  REQUIRE(rest.entries.size() == 1);
  CHECK(rest.entries[0].key == "b");
  CHECK(node.entries.size() == 3);
}

TEST_CASE("options that others read are known, so that a slip of theirs is told") {
  Problems problems;
  const ConfigNode node = parse_config("port: 1\nhost: a\nintervl: 10s\nquite_other: 1", "t", problems, no_environment);
  inner().parse(node.without({"interval", "log"}).without({"id"}), problems);
  REQUIRE(problems.size() == 2);
  CHECK(problems[0].text() == "t:3:1: unknown option 'intervl', did you mean 'interval'?");
  CHECK(problems[1].text() == "t:4:1: unknown option 'quite_other'; known are host, port, interval, log, id");
}

TEST_CASE("an option without a default is told from one that was given") {
  struct Late {
    std::optional<Duration> pause;
  };
  const Options<Late> late =
      Options<Late>{}.add("pause", &Late::pause, "Pause.").range(&Late::pause, 10ms, 24h).existing_path();
  const auto faults = [&](std::string_view text, std::optional<Duration> expected) {
    Problems problems;
    const Late read = late.parse(parse_config(text, "t", problems, no_environment), problems);
    CHECK((!problems.empty() || read.pause == expected));
    return problems.empty() ? "" : problems[0].text();
  };
  CHECK(faults("{}", std::nullopt) == "");
  CHECK(faults("pause: 1s", 1s) == "");
  CHECK(faults("pause: 0s", {}) == "t:1:8: pause: must be between 10ms and 1d");
  CHECK(faults("pause: 10", {}).find("needs a unit") != std::string::npos);
  const OptionDoc doc = late.docs().front();
  CHECK(doc.default_text == "");
  CHECK(doc.type == OptionDoc::Type::duration);
  CHECK(doc.maximum == std::optional<std::string>("1d"));
  CHECK(doc.existing_path);
}

TEST_CASE("patterns are checked where they stand, and a list that names nothing is refused") {
  struct Which {
    std::vector<std::string> match, ignore{"lo"};
    Tags tags;
  };
  const Options<Which> which = Options<Which>{}
                                   .add("match", &Which::match, "Match.")
                                   .patterns(OptionDoc::Fits::counter)
                                   .not_empty()
                                   .add("ignore", &Which::ignore, "Ignore.")
                                   .patterns(OptionDoc::Fits::anything)
                                   .add("tags", &Which::tags, "Tags.")
                                   .patterns(OptionDoc::Fits::anything);
  const auto faults = [&](std::string_view text) {
    Problems problems;
    which.parse(parse_config(text, "t", problems, no_environment), problems);
    std::string all;
    for (const Problem& each : problems) all += each.text() + '\n';
    return all;
  };
  CHECK(faults("{ match: ['eth*', 'a[0-9]'], ignore: [], tags: { a: '[!b]' } }") == "");
  CHECK(faults("match: []") == "t:1:8: match: names nothing; put something in, or leave the option out\n");
  CHECK(faults("match: [a, 'b[']") ==
        "t:1:12: match[1]: 'b[' has a '[' that no ']' closes; write '[[]' for the bracket itself\n");
  CHECK(faults("ignore: 'x['").find("t:1:9: ignore: 'x[' has a '['") == 0);
  CHECK(faults("tags: { a: ok, b: '[' }").find("t:1:19: tags.b: '[' has a '['") == 0);
  CHECK(faults("match: { a: 1 }").find('\n') == faults("match: { a: 1 }").size() - 1);
  CHECK(which.docs()[0].fits == OptionDoc::Fits::counter);
}

TEST_CASE("a problem is one line with what is known of its place") {
  CHECK(Problem{{"f", 3, 4}, "a.b", "wrong"}.text() == "f:3:4: a.b: wrong");
  CHECK(Problem{{"f", 0, 0}, "", "wrong"}.text() == "f: wrong");
  CHECK(Problem{{}, "a", "wrong"}.text() == "a: wrong");
  CHECK(Problem{{}, "a\nb", "\x1b[31m\xc2\x9b\xc3\xa9"}.text() == "a b: ?[31m?\xc3\xa9");
  CHECK(Problem{{"f\xe2\x80\xae", 1, 2}, "a", "\xff"}.text() == "f?:1:2: a: \xef\xbf\xbd");
}
