#include "engine/load_trial.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <thread>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 1ms, moment = 1s;

/// The child: what the daemon has open, handles or would do at its end is none of the library's business. Other threads
/// are not there any more, and may have held locks: nothing is done here but what is needed.
[[noreturn]] void try_to_load(const std::function<void()>& load, int back) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_DUMPABLE, 0);
  setpgid(0, 0);  // what it starts ends with it
  // Zero would still wake a program that takes dumps from a pipe; see core(5).
  const rlimit no_dump{1, 1};
  setrlimit(RLIMIT_CORE, &no_dump);
  const int nothing = open("/dev/null", O_RDWR);
  for (int standard = 0; standard <= 2; ++standard) dup2(nothing, standard);
  // It keeps its number, under which nobody else knows a file.
  const auto kept = static_cast<unsigned>(back);
  if (kept > 3) close_range(3, kept - 1, 0);
  close_range(kept + 1, ~0U, 0);
  on_exit([](int code, void*) { _exit(code); }, nullptr);
  load();
  static_cast<void>(write(back, "", 1) == 1);
  _exit(0);
}

/// The answer of waitpid; zero when it has not ended.
pid_t wait_for_end(pid_t child, int& status, Duration patience, const StopWanted& stop_wanted) {
  const auto until = std::chrono::steady_clock::now() + patience;
  pid_t ended = 0;
  while ((ended = waitpid(child, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < until && !stop_wanted())
    std::this_thread::sleep_for(look_every);
  return ended;
}

std::string told(int status) {
  if (WIFEXITED(status)) return concat(" (exit code ", WEXITSTATUS(status), ")");
  const char* name = sigdescr_np(WTERMSIG(status));
  return concat(" (signal ", WTERMSIG(status), ", ", name ? name : "unknown", ")");
}

std::string cannot_try(int error) {
  return concat("cannot be tried before it is loaded: ", std::generic_category().message(error));
}

}  // namespace

std::string load_trial_fault(const std::function<void()>& load, Duration patience, const StopWanted& stop_wanted) {
  int back[2];
  if (pipe2(back, O_CLOEXEC | O_NONBLOCK) != 0) return cannot_try(errno);
  const pid_t child = fork();
  if (child == 0) try_to_load(load, back[1]);
  const int error = errno;
  close(back[1]);
  int status = 0;
  pid_t ended = child > 0 ? wait_for_end(child, status, patience, stop_wanted) : -1;
  const bool hangs = ended == 0;
  if (hangs) {
    kill(child, SIGKILL);
    // Bounded too: a disk that hangs keeps it even from being killed.
    wait_for_end(child, status, moment, [] { return false; });
  }
  if (child > 0) kill(-child, SIGKILL);
  char byte = 0;
  const bool came_back = read(back[0], &byte, 1) == 1;
  close(back[0]);
  if (child < 0) return cannot_try(error);
  if (came_back) return {};
  if (hangs) return "does not come back from being loaded";
  // Who ignores SIGCHLD is not told how it ended.
  return concat("ends the process while it is loaded", ended > 0 ? told(status) : "");
}

}  // namespace trafficd
