#pragma once
// One pipeline on a thread of its own: stages in order, then the fan-out to the outputs by their routes.

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/instance_host.hpp"
#include "engine/instance_thread.hpp"
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
  /// What of it passes: itself where all does, nothing where none does.
  std::shared_ptr<const Batch> choose(const std::shared_ptr<const Batch>& batch);
  const std::string& to() const { return settings_.to; }
  SampleQueue<const Batch>& queue() { return *queue_; }

 private:
  struct Answer {
    SeriesPtr series;
    bool passes = false;
  };
  bool passes(const Sample& sample);
  bool decide(const Series& series) const;

  RouteSettings settings_;
  SampleQueue<const Batch>* queue_;
  SeriesMap<Answer> answers_;
  std::uint64_t batches_ = 0;
};

class Pipeline {
 public:
  /// A stage with what stands around it.
  struct Part {
    std::unique_ptr<InstanceHost> host;
    std::unique_ptr<Stage> stage;
    std::unique_ptr<Ticker> ticker;
    std::unique_ptr<Complaint> trouble, tick_trouble;
    SteadyTime due = SteadyTime::max();
    std::unique_ptr<DataTicker> data_ticker;  // instead, where the samples are recorded
    std::optional<Timestamp> last_tick;
    bool open = false;
  };
  /// One of the stages of a pipeline that is still to be made. Throws what the plugin's constructor throws.
  static Part make_part(const Services& services, const std::string& pipeline, const InstanceSettings& settings,
                        const PluginDescriptor& plugin);

  /// `stages` in order.
  Pipeline(const Services& services, const PipelineSettings& settings, std::vector<Part> stages,
           std::vector<Route> routes);
  ~Pipeline();

  SampleQueue<Batch>& queue() { return queue_; }
  /// Its inputs are recordings: it ticks by the time of the samples, waits for room in its outputs instead of having
  /// anything thinned, and ends when all of them have. Before start; `replay` must outlive it.
  void take_part(Replay& replay);
  bool recorded() const { return replay_ != nullptr; }
  Turns& turns() { return turns_; }
  /// Of a recorded one: all that there will be has gone to its outputs.
  bool done() const { return done_; }
  void start();
  /// From now on what comes out goes these ways, and no others. Any thread.
  void route(std::vector<Route> routes);
  /// Runs what is still queued through, then ends. Nobody pushes any more. With a successor, what could not be run
  /// through stays in the queue for it.
  void request_stop(bool has_successor = false) {
    has_successor_ = has_successor;
    thread_.request_stop();
  }
  void stop();
  /// It hangs. What it has in hand is counted as lost, and so is what comes of it should it wake; its state stays as it
  /// is. Answers what was still queued.
  std::vector<std::shared_ptr<Batch>> leave_behind();
  /// Counts them as lost with this pipeline.
  void lose(const std::vector<std::shared_ptr<Batch>>& batches, const char* reason);
  const InstanceThread& thread() const { return thread_; }
  static constexpr Duration longest_call() { return InstanceThread::long_call; }
  bool ended() const { return thread_.ended(); }
  const std::string& id() const { return id_; }
  std::string_view plugin() const { return {}; }
  static constexpr std::string_view role() { return "pipeline"; }

  /// Runs the oldest batch through; false when there is none. For tests and the benchmark, without a thread.
  bool step();
  /// Ticks the stages that are due at this moment of the steady clock.
  void tick(SteadyTime now);

 private:
  /// Opens the stages in order; false when one could not be opened, and then none runs.
  bool open_stages(const std::stop_token& stop);
  Status open_once(Part& part, Duration& every);
  bool open_stage(Part& part, const std::stop_token& stop);
  void serve(const std::stop_token& stop);
  void give_up();
  void lose(const Given& lost, const char* reason);
  static void note(Part& part, Complaint& trouble, const Status& status);
  static void take_out(Part& part, Batch& batch);
  void run_through(std::size_t first, Batch& batch);
  void finish(Batch& batch);
  void serve_live(const std::stop_token& stop);
  void pass(Batch& batch);
  void tick_part(std::size_t index, Timestamp now);
  // Of a recorded one.
  void serve_recorded(const std::stop_token& stop);
  void run_in_time(Batch& batch);
  Timestamp next_tick() const;
  void tick_up_to(Timestamp latest);
  void end_recording();
  void refuse(const std::stop_token& stop);
  void flush_outputs();
  struct Parcel {
    std::string to;
    std::shared_ptr<const Batch> batch;
  };
  std::vector<Parcel> parcels(const std::shared_ptr<const Batch>& batch);
  void send(const std::shared_ptr<const Batch>& batch, std::unique_lock<std::mutex> lock);
  bool hand_over(std::vector<Parcel>& parcels);

  const Services& services_;
  const std::string id_;
  const std::shared_ptr<InstanceMeter> meter_;
  SampleQueue<Batch> queue_;
  std::vector<Part> parts_;
  std::mutex routes_mutex_;  // guards these three
  std::vector<Route> routes_;
  Given in_hand_;         // of the step that is going on
  bool counted_ = false;  // it is counted as lost
  Tether tether_;
  const std::unique_ptr<Logger> log_;
  Overflow overflow_;
  std::atomic<bool> has_successor_{false};
  Replay* replay_ = nullptr;
  Turns turns_;
  std::optional<Timestamp> newest_;  // of the recorded samples so far
  std::stop_token stop_;             // of the thread
  std::atomic<bool> done_{false};
  InstanceThread thread_;
};

}  // namespace trafficd
