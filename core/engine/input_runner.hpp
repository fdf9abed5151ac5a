#pragma once
// Runs one input on a thread of its own: ticks, collects or lets run, backs off, counts, and hands the batches to the
// pipelines.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "engine/clock_step.hpp"
#include "engine/instance_host.hpp"
#include "engine/queue.hpp"
#include "trafficd/descriptor.hpp"
#include "trafficd/wait.hpp"

namespace trafficd {

class InputRunner final : private Emitter {
 public:
  /// `fatal` is called from the thread when the instance ends for good and its `on_start_error` says that the daemon
  /// ends too.
  InputRunner(const Services& services, const InstanceSettings& settings, const PluginDescriptor& plugin,
              std::function<void()> fatal);
  ~InputRunner() override;

  const std::string& id() const { return settings_.id; }
  /// Before start only.
  void connect(SampleQueue<Batch>& pipeline) { pipelines_.push_back(&pipeline); }

  void start();
  /// Asks the thread to end; `join` waits for it. The input has emitted its final totals then.
  void request_stop() { thread_.request_stop(); }
  void join();
  bool ended() const { return ended_; }

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
  void follow_clock(Timestamp now, SteadyTime steady);
  bool pause(Duration pause, const std::stop_token& stop);
  void failed(const Status& status);

  const Services& services_;
  const InstanceSettings settings_;
  const std::function<void()> fatal_;
  InstanceHost host_;
  InputInstance instance_;
  Complaint trouble_;
  bool opened_ = false;
  std::vector<SampleQueue<Batch>*> pipelines_;
  ClockStep clock_step_;
  Batch last_;  // what a poll input gave last, for a step of the clock
  std::atomic<bool> ended_{true};
  std::jthread thread_;
};

}  // namespace trafficd
