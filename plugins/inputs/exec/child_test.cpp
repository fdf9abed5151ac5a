#include "child.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::exec {
namespace {

Command shell(const std::string& script, std::vector<std::string> environment = {}) {
  return {"/bin/sh", {"sh", "-c", script}, std::move(environment), "/"};
}

/// Until the program has written something, or has ended; fails when that does not come.
void await(int fd) {
  constexpr int patience_ms = 20'000;
  pollfd polled{fd, POLLIN, 0};
  REQUIRE(::poll(&polled, 1, patience_ms) == 1);
}

/// Everything from now to the end of the stream.
std::string read_all(int fd) {
  std::string text;
  char piece[4096];
  while (true) {
    await(fd);
    const ssize_t got = ::read(fd, piece, sizeof piece);
    if (got <= 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
}

void await_end(const Child& child) { await(child.ended()); }

std::string output_of(const Command& command) {
  auto child = Child::start(command);
  REQUIRE(child.has_value());
  return read_all(child->out());
}

std::string fault(const Command& command) {
  const auto child = Child::start(command);
  return child ? "started" : child.error();
}

}  // namespace

TEST_CASE("a program runs with its arguments, environment and folder, without a shell") {
  CHECK(output_of({"/usr/bin/printf", {"printf", "%s|", "a b", "$HOME", "*"}, {}, "/"}) == "a b|$HOME|*|");
  CHECK(output_of({"/usr/bin/env", {"env"}, {"A=1", "B=x y"}, "/"}) == "A=1\nB=x y\n");
  CHECK(output_of({"/bin/pwd", {"pwd"}, {}, "/usr"}) == "/usr\n");
}

TEST_CASE("it has nothing of ours but two pipes, and signals as they are by nature") {
  int leaky[2];
  REQUIRE(::pipe(leaky) == 0);  // not closed by exec
  sigset_t mask, before;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &mask, &before);
  const auto pipe_before = ::signal(SIGPIPE, SIG_IGN);
  const std::string open = output_of({"/bin/ls", {"ls", "/proc/self/fd"}, {}, "/"});
  const std::string input = output_of(shell("readlink /proc/self/fd/0"));
  const std::string signals = output_of(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status"));
  ::signal(SIGPIPE, pipe_before);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  for (const int fd : leaky) ::close(fd);
  CHECK(open == "0\n1\n2\n3\n");  // the last is the folder that it lists
  CHECK(input == "/dev/null\n");
  CHECK(signals == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("it is a group of its own, and ends with the thread that started it") {
  CHECK(output_of(shell("test $(cut -d' ' -f5 /proc/$$/stat) = $$ && echo yes")) == "yes\n");
  std::optional<Child> child;
  std::thread([&] {
    auto started = Child::start(shell("echo up; trap '' TERM; while :; do :; done"));
    REQUIRE(started.has_value());
    await(started->out());
    child.emplace(*std::move(started));
  }).join();
  REQUIRE(child);
  await_end(*child);
  CHECK(child->reap() == "by SIGKILL");
}

TEST_CASE("how it ended is told, and nothing of its group is left") {
  auto child = Child::start(shell("sleep 1000 & echo $!; exit 3"));
  REQUIRE(child.has_value());
  await_end(*child);
  char text[32] = {};
  REQUIRE(::read(child->out(), text, sizeof text - 1) > 0);
  CHECK(child->has_ended());
  CHECK(child->reap() == "with code 3");
  CHECK_FALSE(child->ended_well());
  CHECK(read_all(child->out()) == "");  // waits until the sleeper has let go of the pipe
}

TEST_CASE("a signal ends it, and the destructor even if it does not want to") {
  auto child = Child::start(shell("echo up; exec sleep 1000"));
  REQUIRE(child.has_value());
  await(child->out());
  CHECK_FALSE(child->has_ended());
  child->signal(SIGTERM);
  await_end(*child);
  CHECK(child->reap() == "by SIGTERM");

  Descriptor out;
  {
    auto stubborn = Child::start(shell("trap '' TERM; echo up; while :; do sleep 1000; done"));
    REQUIRE(stubborn.has_value());
    await(stubborn->out());
    out = Descriptor(::dup(stubborn->out()));
  }
  CHECK(read_all(out.get()) == "up\n");
}

TEST_CASE("what cannot be started is told in one line, and leaves nothing") {
  const testing::TempFolder folder;
  const std::string text = folder.write("text", "hello\n"), orphan = folder.write("orphan", "#!/no/such/interpreter\n");
  for (const std::string& file : {text, orphan}) std::filesystem::permissions(file, std::filesystem::perms::all);
  CHECK(fault({text, {"x"}, {}, "/"}).find("a script begins with the line that names its interpreter") !=
        std::string::npos);
  CHECK(fault({orphan, {"x"}, {}, "/"}).find("is the interpreter in its first line there?") != std::string::npos);
  CHECK(fault({"/bin/true", {"true"}, {}, "/no/such/folder"}) ==
        "cannot run in '/no/such/folder': No such file or directory");
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

}  // namespace trafficd::exec
