#pragma once
// What an input implements: PollInput by default, StreamInput where the source pushes.
//
// The constructor reads configuration and touches nothing else. `open` acquires, `close` releases and is called only
// after a successful open; open may be called again after close. Constructor and destructor run before and after all
// else on threads of the daemon, all else on the instance's own thread: no locks, no threads of one's own.

#include <stop_token>

#include "trafficd/sample.hpp"
#include "trafficd/status.hpp"

namespace trafficd {

class PollInput {
 public:
  virtual ~PollInput() = default;
  virtual Status open() { return Status::ok(); }
  /// Appends the samples of now; they share one time. Called once right after open, then at each aligned tick. May
  /// block up to the interval. On retry the pauses double up to a limit; what was appended is still delivered.
  virtual Status collect(Batch& out) = 0;
  virtual void close() noexcept {}
};

/// Takes the samples of a stream input. It never blocks a live input; one that is recorded waits in it until all that
/// it feeds have room, or a stop is asked for. The batch is left empty.
class Emitter {
 public:
  virtual ~Emitter() = default;
  virtual void emit(Batch& batch) = 0;
};

class StreamInput {
 public:
  virtual ~StreamInput() = default;
  virtual Status open() { return Status::ok(); }
  /// Runs until the stop, or until the source ends (ok). Sleeps only in Clock::wait. Emits final totals before it
  /// returns.
  virtual Status run(std::stop_token stop, Emitter& emitter) = 0;
  /// Whether it replays a recording: a file, standard input to its end. Its samples carry the times of the recording,
  /// in order; a batch holds one moment, for those that share a pipeline take turns by batches. None is dropped or
  /// thinned for coming fast, stages tick by these times, and the daemon ends when all its inputs are recordings and
  /// have ended. Read once: when `open` or `run` fails, with whatever code, it has ended. Asked after the constructor.
  virtual bool recorded() const { return false; }
  virtual void close() noexcept {}
};

}  // namespace trafficd
