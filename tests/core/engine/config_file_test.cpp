#include "engine/config_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"
#include "trafficd/units.hpp"

using namespace trafficd;
using trafficd::testing::TempFolder;

namespace {

std::optional<std::string> environment(const std::string& name) {
  if (name == "HOST") return "example.org";
  if (name == "EMPTY") return "";
  if (name == "YES") return "yes";
  if (name == "BINARY") return "\xff\x01";
  if (name == "LONG") return std::string(1000, 'x');
  return std::nullopt;
}

struct Outcome {
  ConfigNode root;
  Problems problems;
  std::string faults;
};

Outcome parse(std::string_view text) {
  Outcome out;
  out.root = parse_config(text, "f", out.problems, environment);
  for (const Problem& problem : out.problems) out.faults += problem.text() + "\n";
  return out;
}

std::string faults(std::string_view text) { return parse(text).faults; }

std::string value(std::string_view scalar) {
  const Outcome out = parse(concat("a: ", scalar));
  const ConfigNode* node = out.root.find("a");
  return node && out.faults.empty() ? node->text : "fault: " + out.faults;
}

}  // namespace

TEST_CASE("values come with their place and path") {
  const auto [root, problems, messages] = parse(R"(inputs:
  lan: { plugin: pcap, snaplen: 96 }
pipelines:
  main:
    stages:
      - plugin: rate
      - plugin: filter
        fields: ['a', b]
)");
  REQUIRE(messages == "");
  const ConfigNode* snaplen = root.find("inputs")->find("lan")->find("snaplen");
  REQUIRE(snaplen);
  CHECK(snaplen->text == "96");
  CHECK(snaplen->path == "inputs.lan.snaplen");
  CHECK(snaplen->mark.file == "f");
  CHECK(snaplen->mark.line == 2);
  CHECK(snaplen->mark.column == 33);
  CHECK(root.find("inputs")->find("lan")->entries[1].mark.column == 24);
  const ConfigNode* fields = root.find("pipelines")->find("main")->find("stages")->items[1].find("fields");
  REQUIRE(fields);
  CHECK(fields->path == "pipelines.main.stages[1].fields");
  CHECK(fields->items[1].path == "pipelines.main.stages[1].fields[1]");
  CHECK(fields->items[0].quoted);
  CHECK_FALSE(fields->items[1].quoted);
  CHECK(root.path == "");
}

TEST_CASE("an empty file is a configuration without anything") {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "~"}) {
    INFO(text);
    const Outcome out = parse(text);
    CHECK(out.faults == "");
    CHECK(out.root.type == ConfigNode::Type::null);
  }
  CHECK(parse("a:\nb: 1").root.find("a")->mark.line == 1);
  CHECK(parse("\xef\xbb\xbf"
              "a: 'x'\r\nb: 1\r\n")
            .root.find("b")
            ->mark.line == 2);
}

TEST_CASE("every duplicate key and merge is refused, and the rest is read") {
  const auto [root, problems, messages] = parse(R"(a: 1
b: &x { c: 1, c: 2, d: 3 }
a: { e: 1, e: 2 }
f:
  <<: *x
  g: 1
"<<": text
)");
  CHECK(messages == R"(f:2:15: 'c' is given twice, first in line 2; remove one
f:3:1: 'a' is given twice, first in line 1; remove one
f:3:12: 'e' is given twice, first in line 3; remove one
f:5:3: merging with '<<' is not taken; write the options out
)");
  CHECK(root.find("a")->text == "1");
  CHECK(root.find("b")->find("d")->text == "3");
  CHECK(root.find("f")->entries.size() == 1);
  CHECK(root.find("<<")->text == "text");
}

TEST_CASE("syntax errors are told in plain words with their place") {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a: 1\n\tb: 2\n", "f:2:1: indented with a tab; use spaces\n"},
      {"a:\n\tb: 1\n", "f:2:1: indented with a tab; use spaces\n"},
      {"a: b: c\n", "f:1:5: a ':' where none can be; put a value that holds one in quotes\n"},
      {"a: [1, 2\nb: 3\n", "f:2:2: a list '[' is not closed, or a ',' is missing in it\n"},
      {"a: { x: 1\n", "f:2:1: a map '{' is not closed, or a ',' is missing in it\n"},
      {"a: { b: ${HOST} }",
       "f:1:10: a map '{' is not closed, or a ',' is missing in it; a ${NAME} between brackets must stand in quotes\n"},
      {"a: \"x\nb: 1\n", "f:1:4: a quotation mark is opened here and not closed\n"},
      {"a: &k 'it''s\n", "f:1:4: a quotation mark is opened here and not closed\n"},
      {"a: \"x\\\"\n", "f:1:4: a quotation mark is opened here and not closed\n"},
      {"  a: 1\nb: 2\n", "f:2:1: does not belong to what stands above it; check the indentation\n"},
      {"a: 1\n---\nb: 2\n",
       "f:2:1: a second document begins here; a configuration is one document, without '---' inside\n"},
      {"a: @x\n", "f:1:4: a character that cannot begin a value; put the value in quotes\n"},
      {"a: *x\n", "f:1:4: an alias '*' of something that was not marked with '&' before\n"},
      {"a: &x [*x]\n", "f:1:8: an alias within the value that it stands for\n"},
      {"a: !!str 5\n",
       "f:1:4: YAML tags such as '!!str' are not taken; write the value alone, in quotes when it is a text\n"},
      {"? [a]\n: b\n", "f:1:3: the name of an option is missing before ':'\n"},
      {"a\tb: 1\n", "f:1:1: a name holds a tab, a line break or a control character\n"},
      {"\"\\e[31m\": 1\n", "f:1:1: a name holds a tab, a line break or a control character\n"},
      {": b\n", "f:1:1: the name of an option is missing before ':'\n"},
  };
  for (const auto& [text, expected] : cases) {
    INFO(text);
    CHECK(faults(text) == expected);
  }
}

TEST_CASE("a tab far from an error is not blamed") {
  CHECK(faults("a: |\n  x\n  \ty\nb: 1\nc: 2\nd: *x\n").find("alias") != std::string::npos);
  CHECK(faults("\t# comment\na: b: c\n").find("tab") == std::string::npos);
  CHECK(faults("a: |\n  x\n  \ty\n") == "");
}

TEST_CASE("only text is a configuration") {
  for (const std::string& text : {std::string("a: \xff"), std::string("a: \xc0\x80"), std::string("a: \xed\xa0\x80"),
                                  std::string("a: \xf4\x90\x80\x80"), std::string("a: \xe2\x82"),
                                  std::string("a: \x01"), std::string("a: \0", 4), std::string("a: \x7f")}) {
    INFO(text);
    CHECK(faults(text) == "f:1:4: a byte that is not text; save the file as UTF-8\n");
  }
  CHECK(faults("x: 1\na: \xff\n") == "f:2:4: a byte that is not text; save the file as UTF-8\n");
  CHECK(value("'\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'") == "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST_CASE("references to the environment are replaced in values") {
  CHECK(value("${HOST}") == "example.org");
  CHECK(value("'http://${HOST}:${PORT:-80}/'") == "http://example.org:80/");
  CHECK(value("x${EMPTY}y") == "xy");
  CHECK(value("x${EMPTY:-z}y") == "xzy");
  CHECK(value("${UNSET:-}") == "");
  CHECK(value("$${HOST}") == "${HOST}");
  CHECK(value("a $ b $$ c") == "a $ b $$ c");
  CHECK(value("$HOST") == "$HOST");
  CHECK(value("${UNSET}") ==
        "fault: f:1:4: the environment variable UNSET is not set; set it, or write ${UNSET:-default}\n");
  for (const char* bad : {"${", "${HOST", "${}", "${1A}", "'${A B}'", "${A-b}"}) {
    INFO(bad);
    CHECK(value(bad).find("'${' must be followed by the name") != std::string::npos);
  }
  CHECK(value("${BINARY}").find("BINARY holds bytes that are not text") != std::string::npos);
  CHECK(value("${BINARY}").find('\xff') == std::string::npos);
  CHECK(faults("${HOST}: 1") == "");
  CHECK(parse("${HOST}: 1").root.find("${HOST}"));
}

TEST_CASE("what comes from the environment is text, not structure") {
  const Outcome out = parse("a: ${YES}\nb: ${EMPTY}\n");
  CHECK(out.root.find("a")->quoted);
  CHECK(out.root.find("b")->type == ConfigNode::Type::scalar);
  CHECK(out.root.find("a")->from_environment);
  CHECK_FALSE(parse("a: 'yes'").root.find("a")->from_environment);
}

TEST_CASE("a faulty reference is marked, and all of them are told") {
  const Outcome out = parse("a: ${X}\nb: ${Y}\nc: ok\n");
  CHECK(out.problems.size() == 2);
  CHECK(out.root.find("a")->faulty);
  CHECK_FALSE(out.root.find("c")->faulty);
}

TEST_CASE("aliases repeat a value under their own path") {
  const Outcome out = parse("a: &x { b: [1, 2] }\nc: *x\nd: [*x, *x]\n");
  REQUIRE(out.faults == "");
  CHECK(out.root.find("c")->find("b")->items[1].path == "c.b[1]");
  CHECK(out.root.find("d")->items[1].find("b")->items[0].text == "1");
}

TEST_CASE("aliases cannot blow a small file up") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    text += concat("a", i, ": &a", i, " [");
    for (int k = 0; k < 10; ++k) text += concat(k == 0 ? "" : ", ", "*a", i - 1);
    text += "]\n";
  }
  const Outcome out = parse(text);
  REQUIRE(out.problems.size() == 1);
  CHECK(out.faults.find("aliases make the configuration too large") != std::string::npos);
  CHECK(out.root.type == ConfigNode::Type::null);

  // Few nodes, much text.
  std::string large = "a: &a '" + std::string(900'000, 'x') + "'\nb:\n";
  for (int i = 0; i < 200; ++i) large += "- *a\n";
  CHECK(faults(large).find("aliases make the configuration too large") != std::string::npos);
}

TEST_CASE("size, depth and number are bounded") {
  CHECK(faults(std::string(ConfigLimits::file_size + 1, '#')) == "f: is larger than 4 MiB; is it a configuration?\n");
  CHECK(faults(std::string(ConfigLimits::file_size, '#')) == "");
  CHECK(faults(std::string(64, '[') + std::string(64, ']')) == "");
  CHECK(faults(std::string(65, '[') + std::string(65, ']')) == "f:1:65: nested deeper than 64 levels\n");
  CHECK(faults(std::string(100'000, '[')).find("nested deeper") != std::string::npos);
  CHECK(faults(std::string(63, '[') + "{a: 1}" + std::string(63, ']')) == "");
  std::string many;
  for (int i = 0; i < 100'001; ++i) many += "- x\n";
  CHECK(faults(many).find("more than 100000 values") != std::string::npos);
  CHECK(faults(std::string(257, 'k') + ": 1") == "f:1:1: a name is longer than 256 bytes\n");
  std::string references = "a: '";
  for (int i = 0; i < 1100; ++i) references += "${LONG}";
  CHECK(faults(references + "'").find("is too long with the environment's values") != std::string::npos);
}

TEST_CASE("a file full of faults is told about no further than a person reads") {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "a: 1\n";
  const Outcome out = parse(text);
  CHECK(out.problems.size() == 1001);
  CHECK(out.problems.back().message == "too many faults; the rest is not shown");
}

TEST_CASE("a file is read, and one that cannot be is told with the reason") {
  const auto folder = std::filesystem::path(TRAFFICD_BINARY_DIR) / "config_file_test";
  std::filesystem::create_directories(folder);
  const auto file = folder / "good.yaml";
  std::ofstream(file) << "a: 1\n";
  Problems problems;
  CHECK(read_config_file(file, problems).find("a")->mark.file == file.string());
  CHECK(problems.empty());

  read_config_file(folder / "missing.yaml", problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].text() == (folder / "missing.yaml").string() +
                                  ": cannot be read: No such file or directory; name the configuration with -c FILE");
  read_config_file(folder, problems);
  REQUIRE(problems.size() == 2);
  CHECK(problems[1].text().find("Is a directory") != std::string::npos);
}

TEST_CASE("a configuration may come through a pipe, and one that nobody writes is not waited for") {
  const TempFolder folder;
  const auto pipe = folder.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int both = ::open(pipe.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(both >= 0);
  Problems problems;
  read_config_file(pipe, problems, std::chrono::milliseconds(1));
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].text().find("timed out") != std::string::npos);
  ::close(both);

  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  REQUIRE(::write(ends[1], "a: 1\n", 5) == 5);
  ::close(ends[1]);
  CHECK(read_config_file(concat("/proc/self/fd/", ends[0]), problems).find("a")->text == "1");
  CHECK(problems.size() == 1);
  ::close(ends[0]);
}
