#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using trafficd::testing::Bench;

extern "C" const trafficd::PluginDescriptor* trafficd_input_exec();

namespace trafficd {
namespace {

using namespace std::chrono_literals;

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// What the configuration is refused with.
std::string fault(const std::string& yaml) {
  try {
    const Bench bench(*trafficd_input_exec(), yaml);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

/// The block of a shell script; `more` are further options.
std::string block(const std::string& script, const std::string& more) {
  return "command: [ /bin/sh, -c, '" + script + "' ]\n" + more;
}

/// A pipe with a name: a script says by it that it has come so far. Reading it blocks until then.
class Signpost {
 public:
  Signpost() { REQUIRE(::mkfifo(path().c_str(), 0600) == 0); }
  std::string path() const { return folder_.path() / "signpost"; }
  void await() const {
    const int fd = ::open(path().c_str(), O_RDONLY);
    char byte = 0;
    REQUIRE(::read(fd, &byte, 1) == 1);
    ::close(fd);
  }

 private:
  testing::TempFolder folder_;
};

/// Blocks until a program has ended, where one runs, and leaves it to its input.
void await_any_end() {
  siginfo_t info{};
  ::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
}

}  // namespace

TEST_CASE("a command that a shell would take is refused with what to write") {
  CHECK(has(fault("{}"), "command"));
  CHECK(has(fault("command: []"), "names no program"));
  CHECK(has(fault("command: [ '' ]"), "names no program"));
  CHECK(has(fault("command: /usr/bin/printf m"), "there is no shell"));
  CHECK(has(fault("command: bin/printf"), "must begin with an absolute path"));
  CHECK(has(fault("command: [ /bin/echo, \"a\\0b\" ]"), "a zero byte"));
  CHECK(fault("command: printf") == "accepted");
  CHECK(has(fault("command: printf\ncounter_width: 48"), "must be 32 or 64"));
  CHECK(has(fault("command: printf\ndirectory: here"), "must be an absolute path"));
  CHECK(has(fault("command: printf\nenvironment: { A: \"a\\0b\" }"), "a zero byte"));
}

TEST_CASE("a program that is not there is told at the start") {
  for (const char* mode : {"poll", "stream"}) {
    Bench bench(*trafficd_input_exec(), std::string("command: /no/such/program\nmode: ") + mode);
    const Status status = bench.open();
    CHECK(status.code() == Status::Code::retry);
    CHECK(status.message() == "cannot run '/no/such/program': No such file or directory");
  }
}

TEST_CASE("a run that takes too long or writes too much is stopped, and what it gave is kept") {
  Bench slow(*trafficd_input_exec(), block("echo m v=1i; exec sleep 1000", "mode: poll\ntimeout: 300ms"));
  CHECK(has(slow.collect().message(), "took longer than 'timeout' (300ms)"));
  CHECK(slow.samples().size() == 1);
  CHECK(slow.host().meter().counted("cut_runs") == 1);

  Bench fast(*trafficd_input_exec(),
             block("while :; do echo m v=1i; done", "mode: poll\nmax_lines: 100\ntimeout: 30s"));
  CHECK(has(fast.collect().message(), "wrote more than 'max_lines' (100)"));
  CHECK(fast.samples().size() > 100);

  for (const char* flood : {"exec cat /dev/zero", "exec cat /dev/zero >&2", "exec yes >&2"}) {
    Bench endless(*trafficd_input_exec(), block(flood, "mode: poll\ntimeout: 30s"));
    CHECK(has(endless.collect().message(), "wrote more than 'max_lines' (10000)"));
  }
}

TEST_CASE("a run that fails is told with its last words; one that gave something is no failure") {
  Bench empty(*trafficd_input_exec(), block("echo one >&2; echo two >&2; exit 3", "mode: poll"));
  CHECK(empty.collect().message() == "the program ended with code 3; its last words: 'two'");
  CHECK(empty.log().contains(Level::info, "standard error: one"));

  Bench half(*trafficd_input_exec(), block("echo m v=1i; exit 3", "mode: poll"));
  CHECK(half.collect().is_ok());
  CHECK(half.log().contains(Level::warning, "ended with code 3; what it wrote is taken"));
}

TEST_CASE("what a program leaves without a line end counts when it ended well") {
  Bench well(*trafficd_input_exec(), block("printf \"m v=1i\"", "mode: poll"));
  REQUIRE(well.collect().is_ok());
  CHECK(well.text() == "test/m v=1g 1700000000000000000 -\n");
  Bench ill(*trafficd_input_exec(), block("printf \"m v=12\"; exit 1", "mode: poll"));
  CHECK_FALSE(ill.collect().is_ok());
  CHECK(ill.samples().empty());
  CHECK(ill.host().meter().counted("cut_lines") == 1);
}

TEST_CASE("standard error is shown so far as a log can bear") {
  Bench bench(*trafficd_input_exec(),
              block("i=0; while [ $i -lt 50 ]; do echo e$i >&2; i=$((i+1)); done", "mode: poll"));
  REQUIRE(bench.collect().is_ok());
  CHECK(bench.log().count(Level::info) == 20);
  CHECK(bench.host().meter().counted("error_lines") == 50);
  CHECK(bench.host().meter().counted("error_lines_kept_back") == 30);
  bench.clock().advance(61s);
  REQUIRE(bench.collect().is_ok());
  CHECK(bench.log().contains(Level::info, "30 more lines were kept back"));
}

TEST_CASE("a stream is taken as it comes, and a stop takes what the program says last") {
  const Signpost signpost;
  const std::string script = "trap \"echo m n=3; exit 0\" TERM; echo m n=1; echo m n=2; echo > " + signpost.path() +
                             "; while :; do sleep 0.01; done";
  Bench bench(*trafficd_input_exec(), block(script, "counters: [ n ]\nstop_timeout: 10s"));
  bench.clock().at(1s, [&] { signpost.await(); });
  CHECK(bench.advance(2s).is_ok());
  REQUIRE(bench.samples().size() == 3);
  CHECK(bench.samples()[2].values[0] == Value(3));
  for (const Sample& sample : bench.samples()) CHECK(sample.time >= testing::ManualClock::default_start);
  CHECK(bench.samples()[2].time == testing::ManualClock::default_start + 2s);
  CHECK(bench.log().count(Level::warning) == 0);
}

TEST_CASE("a program that ends is started again after pauses that double") {
  Bench bench(*trafficd_input_exec(), block("echo m n=1; exit 7", "restart: 1s"));
  for (int second = 1; second <= 1200; ++second) bench.clock().at(second * 1s, await_any_end);
  CHECK(bench.advance(20min).is_ok());
  // 1 s, 2 s … 256 s, then 5 min each.
  const std::uint64_t starts = bench.host().meter().counted("starts");
  CHECK(starts >= 10);
  CHECK(starts <= 13);
  CHECK(bench.samples().size() >= starts - 1);
  CHECK(bench.log().contains(Level::warning, "the program ended with code 7 after"));
  CHECK(bench.log().contains(Level::warning, "; starts again in"));
}

TEST_CASE("a program that prints once and ends is told of the mode that it wants") {
  Bench bench(*trafficd_input_exec(), block("echo m n=1", ""));
  bench.clock().at(1s, await_any_end);
  CHECK(bench.advance(2s).is_ok());
  CHECK(bench.log().contains(Level::warning, "one that prints and ends wants 'mode: poll'"));
}

TEST_CASE("a program that says nothing is told of its buffer, once") {
  Bench bench(*trafficd_input_exec(), block("exec sleep 1000", "interval: 20s"));
  CHECK(bench.advance(59s).is_ok());
  CHECK(bench.log().count(Level::warning) == 0);
  CHECK(bench.advance(10min).is_ok());
  CHECK(bench.log().count(Level::warning) == 1);
  CHECK(bench.log().contains(Level::warning, "does the program flush its output after each one?"));
}

TEST_CASE("a program that writes faster than it may has to wait") {
  const std::string script = "i=0; while [ $i -lt 1000 ]; do echo m n=$i; i=$((i+1)); done; echo end >&2";
  Bench bench(*trafficd_input_exec(), block(script, "max_lines: 10"));
  for (int second = 1; second <= 30; ++second) bench.clock().at(second * 1s, await_any_end);
  CHECK(bench.advance(1min).is_ok());
  CHECK(bench.samples().size() >= 1000);
  CHECK(bench.host().meter().counted("held_back") >= 1);
  CHECK(bench.log().contains(Level::warning, "more than 10 lines within a second"));
}

}  // namespace trafficd
