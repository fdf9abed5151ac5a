#pragma once
// A child process: started without a shell, watched by descriptors, and never left behind.

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "trafficd/status.hpp"

namespace trafficd::exec {

/// A descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }
  int get() const { return fd_; }
  void reset();
  int release();

 private:
  int fd_ = -1;
};

struct Command {
  std::string program;                   ///< the file
  std::vector<std::string> arguments;    ///< the first is the program's name
  std::vector<std::string> environment;  ///< `NAME=value`
  std::string directory;
};

/// The program in a process group of its own, with nothing of ours but standard output and standard error, both pipes;
/// its standard input is empty. It is killed when the thread that started it ends, whatever ends it. The destructor
/// kills the whole group. One thread.
class Child {
 public:
  static Result<Child> start(const Command& command);
  Child(Child&&) noexcept = default;
  Child& operator=(Child&&) = delete;
  ~Child();

  /// Both do not block, and are -1 once closed.
  int out() const { return out_.get(); }
  int err() const { return err_.get(); }
  void close_out() { out_.reset(); }
  void close_err() { err_.reset(); }
  /// Readable from the moment on in which the program has ended.
  int ended() const { return ended_.get(); }
  bool has_ended() const;

  /// To the whole group.
  void signal(int number) const;
  /// How the program ended, which it must have: `with code 1`, `by SIGKILL`. What is left of the group is killed.
  std::string reap();
  bool ended_well() const { return status_ == 0; }

 private:
  Child(pid_t id, Descriptor ended, Descriptor out, Descriptor err)
      : id_(id), ended_(std::move(ended)), out_(std::move(out)), err_(std::move(err)) {}

  struct Id {
    pid_t number = -1;
    explicit Id(pid_t n) : number(n) {}
    Id(Id&& other) noexcept : number(std::exchange(other.number, -1)) {}
  };
  Id id_;
  int status_ = -1;
  Descriptor ended_, out_, err_;
};

}  // namespace trafficd::exec
