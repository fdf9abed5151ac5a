#pragma once
// Runs one input on a thread of its own: ticks, collects or lets run, backs off, counts, and hands the batches to the
// pipelines.

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/clock_step.hpp"
#include "engine/instance_host.hpp"
#include "engine/instance_thread.hpp"
#include "engine/queue.hpp"
#include "trafficd/descriptor.hpp"
#include "trafficd/wait.hpp"

namespace trafficd {

/// The way into a pipeline.
struct Inlet {
  Inlet(SampleQueue<Batch>* way) : queue(way) {}
  SampleQueue<Batch>* queue;
  std::string pipeline{};
  Turns* turns = nullptr;  ///< of recorded inputs only
  std::size_t rank = 0;
};

class InputRunner final : private Emitter {
 public:
  /// `fatal` is called from the thread when the instance ends for good and its `on_start_error` says that the daemon
  /// ends too.
  InputRunner(const Services& services, const InstanceSettings& settings, const PluginDescriptor& plugin,
              std::function<void()> fatal);
  ~InputRunner() override;

  const std::string& id() const { return settings_.id; }
  const std::string& plugin() const { return settings_.plugin; }
  static constexpr std::string_view role() { return "input"; }
  /// From now on what it emits goes to these pipelines, and to no others. Any thread.
  void connect(std::vector<Inlet> pipelines);

  /// Whether it replays a recording: then it waits for room in its pipelines instead of having anything thinned.
  bool recorded() const { return recorded_; }
  /// A recorded one only, before it is connected. `replay` must outlive it.
  void take_part(Replay& replay) { replay_ = &replay; }
  /// Of a recorded one: it has given all that there will be.
  bool done() const { return done_; }
  /// Of a recorded one: it has failed, and what it gave before comes twice when it is read again.
  bool broke_off() const;

  void start();
  /// Asks the thread to end; `join` waits for it. The input has emitted its final totals then.
  void request_stop() { thread_.request_stop(); }
  void join();
  const InstanceThread& thread() const { return thread_; }
  /// A collect may take as long as the interval.
  Duration longest_call() const { return std::max(InstanceThread::long_call, 2 * settings_.interval); }
  bool ended() const { return thread_.ended(); }
  /// It hangs. What it gives or puts from now on, should it wake, comes nowhere, and is counted as lost.
  void leave_behind();

  /// One collect, with all that belongs to it. For tests and the benchmark, without a thread.
  Status step(PollInput& input);
  InputInstance& instance() { return instance_; }

 private:
  void emit(Batch& batch) override;
  void loop(const std::stop_token& stop);
  /// Opens, with back-off, until it works; false: stop or fatal.
  template <class Input>
  bool open(Input& input, const std::stop_token& stop);
  void poll(PollInput& input, const std::stop_token& stop);
  void stream(StreamInput& input, const std::stop_token& stop);
  void deliver(Batch& batch);
  void replay(Batch& batch);
  bool hand_over(Batch& batch);
  void end_recording();
  /// All that is done with what the plugin gave, once a step.
  void hand_on(Batch& batch);
  void follow_clock(Batch& batch);
  bool pause(Duration pause, const std::stop_token& stop);
  void failed(const Status& status);
  /// It ended for good, with this last word.
  void give_up(std::string_view message);

  const Services& services_;
  const InstanceSettings settings_;
  const std::function<void()> fatal_;
  InstanceHost host_;
  InputInstance instance_;
  Complaint trouble_;
  bool opened_ = false;
  const bool recorded_;
  Replay* replay_ = nullptr;
  std::stop_token stop_;                // of the thread, while a stream runs
  bool ended_ = false;                  // it did so by itself, before a stop
  mutable std::mutex pipelines_mutex_;  // guards these three
  std::vector<Inlet> pipelines_;
  std::optional<Timestamp> offered_;    // the time of the recorded batch in hand
  std::set<std::string> still_to_get_;  // pipelines that have not got it yet
  std::atomic<bool> done_{false};       // set with that lock held
  ClockStep clock_step_;
  LastTotals last_;
  InstanceThread thread_;
};

}  // namespace trafficd
