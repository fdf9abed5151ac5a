#pragma once
// One pipeline on a thread of its own: stages in order, then the fan-out to the outputs by their routes.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "engine/instance_host.hpp"
#include "engine/overflow.hpp"
#include "engine/queue.hpp"
#include "trafficd/descriptor.hpp"
#include "trafficd/wait.hpp"

namespace trafficd {

/// What passes to one output. Answers are remembered per series handle: new attributes are asked anew. The pipeline's
/// thread.
class Route {
 public:
  Route(const RouteSettings& settings, SampleQueue<const Batch>& queue);
  void deliver(const std::shared_ptr<const Batch>& batch);

 private:
  struct Answer {
    SeriesPtr series;
    bool passes = false;
  };
  bool passes(const Sample& sample);
  bool decide(const Series& series) const;

  const RouteSettings settings_;
  SampleQueue<const Batch>& queue_;
  SeriesMap<Answer> answers_;
  std::uint64_t batches_ = 0;
};

class Pipeline {
 public:
  /// `plugins` has the descriptor of each stage's plugin, in order; with nullptr among them, for the faults of the
  /// others only, it must not be started. Throws ConfigError with the faults of all stages.
  Pipeline(const Services& services, const PipelineSettings& settings,
           const std::vector<const PluginDescriptor*>& plugins, std::vector<Route> routes);
  ~Pipeline();

  SampleQueue<Batch>& queue() { return queue_; }
  void start();
  /// Runs what is still queued through, then ends. The inputs have ended before.
  void request_stop() { thread_.request_stop(); }
  void stop();
  bool ended() const { return ended_; }
  const std::string& id() const { return id_; }

  /// Runs the oldest batch through; false when there is none. For tests and the benchmark, without a thread.
  bool step();
  /// Ticks the stages that are due at this moment of the steady clock.
  void tick(SteadyTime now);

 private:
  struct Part {
    std::unique_ptr<InstanceHost> host;
    std::unique_ptr<Stage> stage;
    std::unique_ptr<Ticker> ticker;
    std::unique_ptr<Complaint> trouble;
    SteadyTime due = SteadyTime::max();
    bool open = false;
  };

  /// Opens the stages in order; false when one could not be opened, and then none runs.
  bool open_stages(const std::stop_token& stop);
  bool open_stage(Part& part, const std::stop_token& stop);
  void serve(const std::stop_token& stop);
  void give_up();
  void note(Part& part, const Status& status);
  void run_through(std::size_t first, Batch& batch);
  void finish(Batch& batch);

  const Services& services_;
  const std::string id_;
  const std::shared_ptr<InstanceMeter> meter_;
  SampleQueue<Batch> queue_;
  std::vector<Part> parts_;
  std::vector<Route> routes_;
  const std::unique_ptr<Logger> log_;
  Overflow overflow_;
  std::atomic<bool> ended_{true};
  std::jthread thread_;
};

}  // namespace trafficd
