#pragma once
// Runs one output on a thread of its own: its queue, batches, retries with back-off, and the accounting of what was
// written, rejected and given up.

#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "engine/instance_host.hpp"
#include "engine/queue.hpp"
#include "trafficd/descriptor.hpp"
#include "trafficd/wait.hpp"

namespace trafficd {

class OutputRunner {
 public:
  OutputRunner(const Services& services, const OutputSettings& settings, const PluginDescriptor& plugin,
               std::function<void()> fatal);
  ~OutputRunner();

  const std::string& id() const { return settings_.id; }
  SampleQueue<const Batch>& queue() { return queue_; }

  void start();
  /// Asks the thread to write what is left until the deadline, then to end; what remains is counted as lost.
  void request_stop(SteadyTime deadline);
  void join();
  bool ended() const { return ended_; }

  /// One try to write what is in flight or, when there is nothing, the next of the queue. Answers ok when there was
  /// nothing to do. For tests and the benchmark, without a thread.
  Status step();
  Output& instance() { return *instance_; }

 private:
  void loop(const std::stop_token& stop);
  void serve(const std::stop_token& stop);
  /// Takes and counts as lost what comes, until the stop: an output that ended for good.
  void refuse(const std::stop_token& stop);
  bool open(const std::stop_token& stop);
  void wait_for_work(const std::stop_token& stop);
  void fetch();
  Status write();
  void account(std::span<const Sample> offered, const WriteResult& result);
  void failed(const Status& status);
  void drain();
  void give_up(const std::string& reason);
  void idle();

  const Services& services_;
  const OutputSettings settings_;
  const std::function<void()> fatal_;
  InstanceHost host_;
  std::unique_ptr<Output> instance_;
  Complaint trouble_, rejects_;
  SampleQueue<const Batch> queue_;
  // Taken from the queue and not yet written: `in_flight_` from `done_` on. One shared batch is written as it is.
  std::shared_ptr<const Batch> in_flight_;
  std::size_t done_ = 0;
  Backoff backoff_;
  std::atomic<SteadyTime::rep> stop_deadline_{0};
  SteadyTime next_idle_{};
  std::atomic<bool> ended_{true};
  std::jthread thread_;
};

}  // namespace trafficd
