#include "engine/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"

using namespace trafficd;
using trafficd::testing::TempFolder;

namespace {

/// What stands on standard error while it lives.
class StandardError {
 public:
  StandardError() : before_(::dup(STDERR_FILENO)) {
    const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(fd, STDERR_FILENO);
    ::close(fd);
  }
  ~StandardError() { restore(); }
  std::vector<std::string> lines() {
    restore();
    std::vector<std::string> all;
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

 private:
  void restore() {
    if (before_ < 0) return;
    ::dup2(before_, STDERR_FILENO);
    ::close(std::exchange(before_, -1));
  }
  TempFolder folder_;
  std::filesystem::path file_ = folder_.path() / "log";
  int before_;
};

auto with(const std::vector<std::string>& lines, std::string_view part) {
  return std::ranges::count_if(lines, [&](const std::string& line) { return line.find(part) != line.npos; });
}

}  // namespace

TEST_CASE("a plugin that floods the log is held back, its errors are not, and what was kept back is told") {
  StandardError captured;
  {
    const Journal journal(Level::info);
    const auto flooding = journal.plugin_logger("loud", Level::info);
    const auto own = journal.logger("loud", Level::info), other = journal.plugin_logger("other", Level::info);
    for (int i = 0; i < 1000; ++i) flooding->info("again");
    flooding->error("broken");
    for (int i = 0; i < 300; ++i) own->info("told of it");
    other->info(std::string(100'000, 'x'));
    other->info("mine");
  }
  const auto lines = captured.lines();
  CHECK(with(lines, "[loud] again") == 200);
  CHECK(with(lines, "[loud] broken") == 1);
  CHECK(with(lines, "[loud] told of it") == 300);
  CHECK(std::ranges::all_of(lines, [](const std::string& line) { return line.size() < 20'000; }));
  CHECK(with(lines, "[other] mine") == 1);
  CHECK(with(lines, "[loud] 800 more lines of its log were kept back") == 1);
}

TEST_CASE("nothing is held back of what was asked for, nor of what the daemon says itself") {
  StandardError captured;
  {
    Journal journal(Level::info);
    const auto asked = journal.plugin_logger("asked", Level::debug);
    for (int i = 0; i < 1000; ++i) {
      asked->debug("detail");
      journal.own().info("own");
    }
  }
  const auto lines = captured.lines();
  CHECK(with(lines, "detail") == 1000);
  CHECK(with(lines, "own") == 1000);
}
