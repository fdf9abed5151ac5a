#include "engine/load_trial.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"

using namespace trafficd;
using namespace trafficd::testing;
using namespace std::chrono_literals;

namespace {

constexpr Duration long_enough = 1min;

std::string fault_of(const std::string& library, Duration patience) {
  const std::string file = TRAFFICD_REFUSED_LIBRARIES "/" + library + ".so";
  return load_trial_fault([&] { dlopen(file.c_str(), RTLD_NOW); }, patience);
}

}  // namespace

TEST_CASE("what comes back has no fault, even if it could not be loaded") {
  CHECK(load_trial_fault([] {}, long_enough) == "");
  CHECK(fault_of("misnamed", long_enough) == "");
  CHECK(fault_of("unresolved", long_enough) == "");
}

TEST_CASE("a library that never comes back from being loaded is given up") {
  CHECK(fault_of("hangs_while_loaded", 50ms) == "does not come back from being loaded");
}

TEST_CASE("a stop that is wanted does not wait for it") {
  const std::string file = TRAFFICD_REFUSED_LIBRARIES "/hangs_while_loaded.so";
  CHECK(load_trial_fault([&] { dlopen(file.c_str(), RTLD_NOW); }, std::chrono::hours(1), [] { return true; }) != "");
}

TEST_CASE("how the process would end is told") {
  CHECK(fault_of("aborts_while_loaded", long_enough) == "ends the process while it is loaded (signal 6, Aborted)");
  CHECK(fault_of("exits_while_loaded", long_enough) == "ends the process while it is loaded (exit code 0)");
  CHECK(load_trial_fault([] { _exit(1); }, long_enough) == "ends the process while it is loaded (exit code 1)");
  CHECK(load_trial_fault([] { std::quick_exit(2); }, long_enough) ==
        "ends the process while it is loaded (exit code 2)");
}

TEST_CASE("signals that this process ignores or blocks are none of the child's business") {
  std::signal(SIGTERM, SIG_IGN);
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  CHECK(load_trial_fault([] { raise(SIGTERM); }, long_enough) ==
        "ends the process while it is loaded (signal 15, Terminated)");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::signal(SIGTERM, SIG_DFL);
}

TEST_CASE("the child has none of our files, and does nothing of what we would do at our end") {
  TempFolder folder;
  static FILE* file = nullptr;
  file = std::fopen((folder.path() / "file").c_str(), "w");
  REQUIRE(file);
  std::fputs("ours", file);
  static const pid_t own = getpid();
  std::atexit([] {
    if (getpid() != own) _exit(9);
  });
  // One below the numbers of the trial's own files, and one above.
  const int other = fcntl(fileno(file), F_DUPFD, 100);
  REQUIRE(other >= 100);
  const auto write_to_ours = [other] {
    std::fputs("theirs", file);
    const bool one = std::fflush(file) == 0, two = write(other, "theirs", 6) == 6;
    std::exit(one || two ? 1 : 2);
  };
  CHECK(load_trial_fault(write_to_ours, long_enough) == "ends the process while it is loaded (exit code 2)");
  std::fclose(file);
  close(other);
  CHECK(read_file(folder.path() / "file") == "ours");
}
