#pragma once
// Runs one output on a thread of its own: its queue, batches, retries with back-off, and the accounting of what was
// written, rejected and given up.

#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "engine/backlog.hpp"
#include "engine/instance_host.hpp"
#include "engine/rejects.hpp"
#include "trafficd/descriptor.hpp"
#include "trafficd/wait.hpp"

namespace trafficd {

class OutputRunner {
 public:
  OutputRunner(const Services& services, const OutputSettings& settings, const PluginDescriptor& plugin,
               std::function<void()> fatal);
  ~OutputRunner();

  const std::string& id() const { return settings_.id; }
  SampleQueue<const Batch>& queue() { return backlog_.queue(); }
  /// A measurement as it is declared, for what is read back from disk. Before start only.
  void learn(const MeasurementPtr& measurement) { backlog_.learn(measurement); }

  void start();
  /// Asks the thread to write what is left until the deadline, then to end; what remains goes to disk, or is counted as
  /// lost where there is no spool.
  void request_stop(SteadyTime deadline);
  void join();
  bool ended() const { return ended_; }
  /// Any thread, when the output hangs and will be left behind: what it has not written goes to disk now.
  void rescue() { backlog_.rescue(); }

  /// One try to write what is in flight or, when there is nothing, the next of the queue. Answers ok when there was
  /// nothing to do. For tests and the benchmark, without a thread.
  Status step();
  Output& instance() { return *instance_; }

 private:
  void loop(const std::stop_token& stop);
  void serve(const std::stop_token& stop);
  /// Takes what comes, until the stop: an output that ended for good. It goes to disk, or is counted as lost.
  void refuse(const std::stop_token& stop);
  void discard(const std::stop_token& stop);
  bool open(const std::stop_token& stop);
  void wait_for_work(const std::stop_token& stop);
  /// Sleeps until the next try, and keeps the queue small meanwhile.
  void pause(SteadyTime until, const std::stop_token& stop);
  Status write(std::span<const Sample> offered);
  void account(std::span<const Sample> offered, const WriteResult& result);
  void set_aside(std::span<const Sample* const> rejected, const std::string& reason);
  void failed(const Status& status);
  void drain();
  void idle();

  const Services& services_;
  const OutputSettings settings_;
  const std::function<void()> fatal_;
  InstanceHost host_;
  std::unique_ptr<Output> instance_;
  Backlog backlog_;
  RejectsFile rejects_file_;
  Complaint trouble_, rejects_, no_rejects_file_;
  Backoff backoff_;
  std::atomic<SteadyTime::rep> stop_deadline_{0};
  SteadyTime next_idle_{};
  std::atomic<bool> ended_{true};
  std::jthread thread_;
};

}  // namespace trafficd
