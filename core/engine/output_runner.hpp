#pragma once
// Runs one output on a thread of its own: its queue, batches, retries with back-off, and the accounting of what was
// written, rejected and given up.

#include <memory>
#include <span>
#include <vector>

#include "engine/backlog.hpp"
#include "engine/instance_host.hpp"
#include "engine/instance_thread.hpp"
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
  const std::string& plugin() const { return settings_.plugin; }
  static constexpr std::string_view role() { return "output"; }
  SampleQueue<const Batch>& queue() { return backlog_.queue(); }
  /// A measurement as it is declared, for what is read back from disk. Before start only.
  void learn(const MeasurementPtr& measurement) { backlog_.learn(measurement); }

  void start();
  /// Asks the thread to write what is left until the deadline, then to end; what remains goes to disk, or is counted as
  /// lost where there is no spool.
  void request_stop(SteadyTime deadline);
  /// Where the thread could not begin, keeps here what came for it.
  void join();
  const InstanceThread& thread() const { return thread_; }
  static constexpr Duration longest_call() { return InstanceThread::long_call; }
  /// The rescue of what it left included.
  bool ended() const { return thread_.ended() && !rescuing_; }
  /// Any thread, when the process is about to end though this hangs: what it has not written goes to disk now.
  void rescue();
  bool has_spool() const { return backlog_.has_spool(); }
  /// Whether nobody need wait for it at the end of a recording: all that came is written, or it ended for good, or it
  /// fails or hangs and what is left can go to disk. Any thread.
  bool is_settled() const;
  /// Asks the thread to end for a successor, which takes what is left once the thread has ended, or hangs. Where the
  /// successor has no spool, what is on disk is written until the deadline.
  void request_exchange(SteadyTime deadline, bool successor_has_spool);
  /// Before start: the thread begins with taking over what the predecessor of the same id left. It waits for a disk
  /// that hangs, and nobody else does. The predecessor must live until it has handed over.
  void follow(OutputRunner& predecessor) { predecessor_ = &predecessor; }
  bool has_handed_over() const { return handed_over_; }
  bool is_done_with() const { return ended() && (!exchanged_ || handed_over_); }
  /// It hangs. What it puts from now on, should it wake, comes nowhere. Where nobody follows, what it has not written
  /// goes to disk, on a thread of its own.
  void leave_behind(bool has_successor);

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
  void look_for_nonsense(const WriteResult& result, std::size_t offered);
  void account(std::span<const Sample> offered, const WriteResult& result);
  void set_aside(std::span<const Sample* const> rejected, const std::string& reason);
  void failed(const Status& status);
  void drain();
  void idle();
  void take_over();
  std::vector<std::shared_ptr<const Batch>> hand_over();
  /// It ended for good, with this last word.
  void give_up(std::string_view message);

  const Services& services_;
  const OutputSettings settings_;
  const std::function<void()> fatal_;
  InstanceHost host_;
  std::unique_ptr<Output> instance_;
  Backlog backlog_;
  RejectsFile rejects_file_;
  Complaint trouble_, rejects_, no_rejects_file_, nonsense_;
  Backoff backoff_;
  std::atomic<SteadyTime::rep> stop_deadline_{0};
  SteadyTime next_idle_{};
  std::atomic<bool> failing_{false};  // the last try to open or write
  std::atomic<bool> exchanged_{false}, successor_has_spool_{false}, handed_over_{false};
  std::mutex take_over_mutex_;  // held while it takes over
  std::atomic<OutputRunner*> predecessor_{nullptr};
  InstanceThread thread_;
  std::atomic<bool> rescuing_{false};
  std::jthread rescuer_;
};

}  // namespace trafficd
