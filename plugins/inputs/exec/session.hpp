#pragma once
// One life of the program: from its start over its output to its end. Both modes are made of such lives.

#include <array>
#include <span>
#include <string>

#include "child.hpp"
#include "feed.hpp"

namespace trafficd::exec {

class Session {
 public:
  /// Samples without a time of their own have that of their arrival, or `time` where it is given.
  Session(Child child, Feed& feed, Host& host, std::optional<Timestamp> time = {})
      : child_(std::move(child)), feed_(feed), host_(host), time_(time), buffer_(64 * 1024, '\0') {}

  /// What may become readable: output, errors, the end of the program.
  std::array<int, 3> descriptors() const { return {child_.out(), child_.err(), child_.ended()}; }

  /// Takes what is there now, no more than a pipe holds. False once the program has ended and all of it is taken.
  bool take(Batch& out);
  /// It has closed its standard output: nothing more will come.
  bool output_closed() const { return child_.out() < 0; }
  bool has_ended() const { return child_.has_ended(); }

  /// Where the program has not ended, asks it to and waits for that, at most for `patience`, taking what it still says;
  /// then kills it. Answers how it ended: `ended with code 1; its last words: '…'`.
  std::string end(Duration patience, Batch& out);
  bool ended_well() const { return child_.ended_well(); }

 private:
  std::string_view read(int fd, bool& closed);
  bool read_output(Batch& out);
  void read_errors();
  void ask_to_end(Duration patience, Batch& out);

  Child child_;
  Feed& feed_;
  Host& host_;
  const std::optional<Timestamp> time_;
  std::string buffer_;
  int reads_after_end_ = 0;
};

/// Waits by real time, for a process cares for no other: until a descriptor is readable; false once `most` is over.
class Patience {
 public:
  explicit Patience(Duration most);
  bool wait(std::span<const int> fds) const;

 private:
  Descriptor timer_;
};

}  // namespace trafficd::exec
