#include "line_splitter.hpp"

#include <vector>

#include "catch.hpp"

namespace trafficd::exec {
namespace {

std::vector<std::string> fed(LineSplitter& splitter, std::string_view bytes) {
  std::vector<std::string> lines;
  splitter.feed(bytes, [&](std::string_view line) { lines.emplace_back(line); });
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("lines come whole, whatever pieces they arrive in") {
  LineSplitter splitter(100);
  CHECK(fed(splitter, "one\ntwo\nthr") == Lines{"one", "two"});
  CHECK(fed(splitter, "ee") == Lines{});
  CHECK(fed(splitter, "\n\n") == Lines{"three", ""});
  CHECK(fed(splitter, "") == Lines{});
  CHECK(splitter.passed_over() == 0);
}

TEST_CASE("a line that is too long is passed over to its end, once") {
  LineSplitter splitter(4);
  CHECK(fed(splitter, "1234\n12345\nok\n") == Lines{"1234", "ok"});
  CHECK(splitter.passed_over() == 1);
  for (int i = 0; i < 1000; ++i) CHECK(fed(splitter, "endless") == Lines{});
  CHECK(splitter.passed_over() == 2);
  CHECK(fed(splitter, "\nok\n") == Lines{"ok"});
}

TEST_CASE("what has no line end is handed out once, and a long line is forgotten with its writer") {
  LineSplitter splitter(4);
  fed(splitter, "a\nhalf");
  CHECK(splitter.rest() == "half");
  CHECK(splitter.rest() == "");
  fed(splitter, "too long");
  CHECK(splitter.rest() == "");
  CHECK(fed(splitter, "new\n") == Lines{"new"});
}

}  // namespace trafficd::exec
