#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "trafficd/units.hpp"

namespace trafficd::exec {

namespace {

/// What the new process says when it cannot become the program.
struct Failure {
  int error;
  char step;  // s: set up, d: directory, x: exec
};

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return Error{concat("cannot make a pipe: ", std::strerror(errno))};
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

/// All that the new process does: from the fork on it may only call what a signal handler may.
class Birth {
 public:
  Birth(const Command& command, int null, int out, int err, int report)
      : program_(command.program.c_str()),
        directory_(command.directory.c_str()),
        arguments_(pointers(command.arguments)),
        environment_(pointers(command.environment)),
        streams_{null, out, err},
        report_(report),
        parent_(::getpid()) {}

  [[noreturn]] void run() const {
    ::setpgid(0, 0);
    // Whatever ends the daemon ends the program. It may have ended before this call.
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up('s');
    if (::getppid() != parent_) ::_exit(127);
    // A right that the daemon was given for its own work is not for others.
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    restore_signals();
    place_streams();
    if (::chdir(directory_) != 0) give_up('d');
    ::execve(program_, arguments_.data(), environment_.data());
    give_up('x');
  }

 private:
  static void restore_signals() {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  /// Our descriptors may be 0 to 2 themselves, where the daemon runs without streams: all are led above first.
  void place_streams() const {
    int high[3];
    for (int i = 0; i < 3; ++i)
      if ((high[i] = ::fcntl(streams_[i], F_DUPFD_CLOEXEC, 10)) < 0) give_up('s');
    const int report = ::fcntl(report_, F_DUPFD_CLOEXEC, 10);
    if (report < 0) give_up('s');
    for (int i = 0; i < 3; ++i)
      if (::dup2(high[i], i) < 0) give_up('s');
    if (::dup2(report, 3) < 0 || ::fcntl(3, F_SETFD, FD_CLOEXEC) != 0) ::_exit(127);
    report_ = 3;
    if (::close_range(4, ~0U, 0) == 0) return;
    constexpr int most = 65'536;  // an old kernel; all of ours are closed by exec anyhow
    for (int fd = 4; fd < most; ++fd) ::close(fd);
  }

  [[noreturn]] void give_up(char step) const {
    const Failure failure{errno, step};
    if (::write(report_, &failure, sizeof failure) < 0) ::_exit(126);
    ::_exit(127);
  }

  const char* program_;
  const char* directory_;
  std::vector<char*> arguments_, environment_;
  int streams_[3];
  mutable int report_;
  pid_t parent_;
};

std::string words_for(const Failure& failure, const Command& command) {
  const std::string reason = std::strerror(failure.error);
  if (failure.step == 'd') return concat("cannot run in '", command.directory, "': ", reason);
  const std::string start = concat("cannot run '", command.program, "': ", reason);
  if (failure.step != 'x') return start;
  if (failure.error == ENOEXEC)
    return start + "; a script begins with the line that names its interpreter, '#!/usr/bin/env python3'";
  if (failure.error == ENOENT) return start + "; is the interpreter in its first line there?";
  return start;
}

/// Whether the process became the program; the pipe is closed by that.
std::optional<Failure> read_failure(int fd) {
  Failure failure{};
  ssize_t got = 0;
  do got = ::read(fd, &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof failure) ? std::optional(failure) : std::nullopt;
}

std::string name_of_signal(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? name : concat(number);
}

/// Not by the C library: the header of Debian 12's is for C only.
int watch(pid_t id) { return static_cast<int>(::syscall(SYS_pidfd_open, id, 0)); }

void wait_for(pid_t id, int& status) {
  while (::waitpid(id, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  reset();
  fd_ = other.release();
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

int Descriptor::release() { return std::exchange(fd_, -1); }

Result<Child> Child::start(const Command& command) {
  auto out = make_pipe(), err = make_pipe(), report = make_pipe();
  for (const auto* each : {&out, &err, &report})
    if (!*each) return Error{each->error()};
  const Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (null.get() < 0) return Error{concat("cannot open /dev/null: ", std::strerror(errno))};
  for (const int fd : {out->read.get(), err->read.get()})
    if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return Error{concat("cannot set up a pipe: ", std::strerror(errno))};

  const Birth birth(command, null.get(), out->write.get(), err->write.get(), report->write.get());
  const pid_t id = ::fork();
  if (id < 0) return Error{concat("cannot start a process: ", std::strerror(errno))};
  if (id == 0) birth.run();
  report->write.reset();
  Child child(id, Descriptor(watch(id)), std::move(out->read), std::move(err->read));
  const int error = errno;
  if (const auto failure = read_failure(report->read.get())) return Error{words_for(*failure, command)};
  if (child.ended() < 0) return Error{concat("cannot watch a process: ", std::strerror(error))};
  return child;
}

Child::~Child() {
  if (id_.number < 0) return;
  signal(SIGKILL);
  wait_for(id_.number, status_);
}

bool Child::has_ended() const {
  pollfd polled{ended_.get(), POLLIN, 0};
  return ::poll(&polled, 1, 0) > 0;
}

void Child::signal(int number) const {
  // As long as nobody has waited for the program its number, and so that of the group, is given to nobody else.
  if (id_.number > 0) ::kill(-id_.number, number);
}

std::string Child::reap() {
  signal(SIGKILL);
  wait_for(std::exchange(id_.number, -1), status_);
  if (WIFSIGNALED(status_)) return concat("by SIG", name_of_signal(WTERMSIG(status_)));
  return concat("with code ", WEXITSTATUS(status_));
}

}  // namespace trafficd::exec
