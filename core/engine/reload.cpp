// How a running graph becomes that of another configuration: sources end first, so that what they still give runs
// through what stands behind them; then pipelines, then outputs, whose queues their successors take over; then the new
// ones start. Nothing here waits for a disk (but for the state's, where pipelines change), and for an instance only
// until a deadline.

#include <algorithm>
#include <thread>

#include "engine/given_options.hpp"
#include "engine/graph.hpp"
#include "engine/guard.hpp"

namespace trafficd {

namespace {

constexpr auto look_every = std::chrono::milliseconds(2);
// What those that wait for slow ones before them have at least; the same for all of a kind together.
constexpr Duration least_patience = std::chrono::seconds(1);
// When a stop is wanted: for what ends at once, so that it need not be left behind.
constexpr Duration moment = std::chrono::milliseconds(200);

template <class Runner>
Runners<Runner> take_out(Runners<Runner>& all, const Changes::Part& part) {
  const auto staying =
      std::stable_partition(all.begin(), all.end(), [&](const auto& each) { return !part.exchanged(each->id()); });
  Runners<Runner> out(std::make_move_iterator(staying), std::make_move_iterator(all.end()));
  all.erase(staying, all.end());
  return out;
}

template <class Runner>
void append(Runners<Runner>& all, Runners<Runner>& more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

template <class Runner>
Runner* find(const Runners<Runner>& all, const std::string& id) {
  const auto found = std::ranges::find(all, id, [](const auto& each) -> const std::string& { return each->id(); });
  return found == all.end() ? nullptr : found->get();
}

}  // namespace

/// The instances that a reload makes anew, not yet started.
struct Graph::Exchange {
  Runners<InputRunner> inputs;
  Runners<Pipeline> pipelines;
  Runners<OutputRunner> outputs;
};

/// How long a reload waits.
class Graph::Wait {
 public:
  Wait(Clock& clock, Duration deadline, const StopWanted& stop_wanted)
      : clock_(clock), deadline_(std::max(deadline, least_patience)), asked_(stop_wanted) {}

  /// Everything is made: what ends now has until the deadline.
  void begin() { until_ = clock_.steady() + deadline_; }
  /// For what ends next; answers until when.
  SteadyTime next_kind() { return until_ = std::max(until_, clock_.steady() + least_patience); }
  void until(const auto& is_done) {
    while (!is_done() && clock_.steady() < (stop_wanted() ? hurried_ : until_)) std::this_thread::sleep_for(look_every);
  }
  bool stop_wanted() {
    if (!stop_ && asked_()) {
      stop_ = true;
      hurried_ = clock_.steady() + moment;
    }
    return stop_;
  }

 private:
  Clock& clock_;
  const Duration deadline_;
  SteadyTime until_{}, hurried_{};
  const StopWanted& asked_;
  bool stop_ = false;
};

std::optional<Changes> Graph::reload(Catalog& catalog, const Settings& given, Duration deadline,
                                     const StopWanted& stop_wanted, Problems& problems) {
  catalog.look_again(stop_wanted);
  hung_ = false;
  patience_.stop_wanted = stop_wanted;
  Wait wait(services_.clock, deadline, stop_wanted);
  std::optional<Changes> changes = exchange(catalog, given, wait, problems);
  patience_.stop_wanted = [] { return false; };
  if (problems.empty() || !wait.stop_wanted()) return changes;
  // Some of them may only be that nobody waited.
  problems.clear();
  return std::nullopt;
}

std::optional<Changes> Graph::exchange(Catalog& catalog, const Settings& given, Wait& wait, Problems& problems) {
  const std::set<std::string> recorded = check(catalog, given, problems);
  if (!problems.empty()) return Changes{};
  const Settings settings = with_secret_files(catalog, given);
  Changes changes = compare(settings_, settings);
  find_failed(changes);
  remake_replays(settings, recorded, changes);
  remember_missing();
  auto made = std::make_unique<Exchange>(make_fresh(catalog, settings, changes, problems));
  wait.begin();
  if (problems.empty()) forget_ended();
  if (!problems.empty() || !end_inputs(changes.inputs, wait)) {
    destroy("what a reload made", std::move(made));
    return problems.empty() ? std::nullopt : std::optional(Changes{});
  }
  Exchange& fresh = *made;
  settings_ = settings;

  Runners<Pipeline> old_pipelines = take_out(pipelines_, changes.pipelines);
  Runners<OutputRunner> old_outputs = take_out(outputs_, changes.outputs);
  const auto starting = [](const auto& runners) {
    std::vector<decltype(runners.front().get())> all;
    for (const auto& each : runners) all.push_back(each.get());
    return all;
  };
  const auto new_inputs = starting(fresh.inputs);
  const auto new_pipelines = starting(fresh.pipelines);
  const auto new_outputs = starting(fresh.outputs);
  append(inputs_, fresh.inputs);
  append(pipelines_, fresh.pipelines);
  append(outputs_, fresh.outputs);

  connect(settings_);
  end_pipelines(old_pipelines, wait);
  // It looks into the state, and may wait for its disk: only where a stage may have got another name.
  if (!changes.pipelines.added.empty() || !changes.pipelines.changed.empty() || !changes.pipelines.removed.empty())
    hand_on_states();
  for (const PipelineSettings& each : settings_.pipelines)
    if (Pipeline* pipeline = find(pipelines_, each.id)) pipeline->route(routes_of(each));
  decide_thinning(settings_);
  end_outputs(old_outputs, wait);
  for (auto* output : new_outputs) try_to_start(*output);
  for (auto* pipeline : new_pipelines) try_to_start(*pipeline);
  for (auto* input : new_inputs) try_to_start(*input);
  part_with(old_outputs, wait);
  return changes;
}

/// With meters of its own: nothing of a configuration that is not taken shows anywhere. Answers the recorded inputs.
std::set<std::string> Graph::check(Catalog& catalog, const Settings& settings, Problems& problems) {
  struct Trial {
    MeterRegistry meters;
    Services services;
    explicit Trial(const Services& real) : services{real.clock, real.journal, meters, real.state, real.state_folder} {}
  };
  const auto trial = std::make_shared<Trial>(services_);
  auto graph = std::make_unique<Graph>(
      trial->services, catalog, settings, problems, [] {}, patience_);
  std::set<std::string> recorded;
  for (const auto& input : graph->inputs_)
    if (input->recorded()) recorded.insert(input->id());
  for (auto& hanging : graph->hanging_calls_) {
    hanging->keep(trial);
    keep_hanging(std::move(hanging));
  }
  destroy("the trial of a configuration", std::move(graph), trial);
  return recorded;
}

/// Calls the destructors of plugins. What they need beside the services is `used`.
void Graph::let_go(std::string id, std::shared_ptr<void> last, const std::shared_ptr<void>& used) {
  std::shared_ptr<Making> left;
  auto call = [last = std::move(last)]() mutable { return last.reset(), true; };
  make_within(patience(patience_.destructor), patience_.stop_wanted, id, std::move(call), left);
  if (!left) return;
  // Where there was no time it may be none's fault.
  if (!patience_.stop_wanted())
    services_.journal.own().error(
        concat(id, " does not return from its destructor and is left behind; tell its author"));
  left->keep(used);
  keep_hanging(std::move(left));
}

/// Those that ended for good: in case the cause is mended.
void Graph::find_failed(Changes& changes) const {
  const auto find = [](const auto& runners, Changes::Part& part) {
    for (const auto& each : runners)
      if (each->thread().failed() && !part.exchanged(each->id())) part.failed.insert(each->id());
  };
  find(inputs_, changes.inputs);
  find(pipelines_, changes.pipelines);
  find(outputs_, changes.outputs);
  for (const std::string& id : changes.pipelines.failed) changes.rerouted.erase(id);
}

Graph::Exchange Graph::make_fresh(Catalog& catalog, const Settings& settings, const Changes& changes,
                                  Problems& problems) {
  // Once the daemon runs, no instance that cannot start takes it down.
  const auto patient = [](auto each) {
    each.on_start_error = StartError::retry;
    return each;
  };
  Exchange fresh;
  for (const OutputSettings& each : settings.outputs)
    if (changes.outputs.made(each.id))
      if (auto made = make_output(catalog, patient(each), problems)) fresh.outputs.push_back(std::move(made));
  for (const PipelineSettings& each : settings.pipelines)
    if (changes.pipelines.made(each.id))
      if (auto made = make_pipeline(catalog, each, problems)) fresh.pipelines.push_back(std::move(made));
  for (const InstanceSettings& each : settings.inputs) {
    if (changes.inputs.made(each.id))
      if (auto made = make_input(catalog, patient(each), problems)) fresh.inputs.push_back(std::move(made));
    if (const auto plugin = catalog.find(PluginType::input, each.plugin))
      for (const MeasurementPtr& measurement : (*plugin)->declared.measurements)
        for (auto& output : fresh.outputs) output->learn(measurement);
  }
  return fresh;
}

/// Those that an earlier reload left behind, and that have ended since.
void Graph::forget_ended() {
  const auto ended = [](const auto& each) { return each->ended(); };
  const auto forget = [&](auto& hanging, const auto& is_done) {
    for (auto& each : hanging)
      if (is_done(each)) destroy(each->id(), std::move(each));
    std::erase(hanging, nullptr);
  };
  forget(hanging_inputs_, ended);
  forget(hanging_pipelines_, ended);
  forget(hanging_outputs_, [](const auto& each) { return each->is_done_with(); });
  std::erase_if(hanging_calls_, ended);
}

template <class Runner>
bool Graph::hangs(const Runner& runner) const {
  if (runner.ended()) return false;
  services_.journal.own().error(concat(runner.role(), ' ', runner.id(), " has not ended in time and is left behind"));
  return true;
}

/// False when a stop is wanted: then they all are where that finds them.
bool Graph::end_inputs(const Changes::Part& part, Wait& wait) {
  for (auto& input : inputs_)
    if (part.exchanged(input->id())) input->request_stop();
  for (auto& input : inputs_)
    if (part.exchanged(input->id())) wait.until([&] { return input->ended() || wait.stop_wanted(); });
  if (wait.stop_wanted()) return false;
  for (auto& input : take_out(inputs_, part)) {
    if (!hangs(*input)) {
      destroy("input " + input->id(), std::move(input));
      continue;
    }
    input->leave_behind();
    hanging_inputs_.push_back(std::move(input));
  }
  return true;
}

void Graph::end_pipelines(Runners<Pipeline>& old, Wait& wait) {
  wait.next_kind();
  for (auto& pipeline : old) pipeline->request_stop(find(pipelines_, pipeline->id()) != nullptr);
  for (auto& pipeline : old) {
    wait.until([&] { return pipeline->ended(); });
    const bool left = hangs(*pipeline);
    const auto queued = left ? pipeline->leave_behind() : pipeline->queue().take(SIZE_MAX);
    if (Pipeline* successor = find(pipelines_, pipeline->id()))
      successor->queue().put_back(queued);
    else
      pipeline->lose(queued, left_behind);
    if (left)
      hanging_pipelines_.push_back(std::move(pipeline));
    else
      destroy("pipeline " + pipeline->id(), std::move(pipeline));
  }
}

void Graph::end_outputs(Runners<OutputRunner>& old, Wait& wait) {
  const SteadyTime until = wait.next_kind();
  for (auto& output : old) {
    if (OutputRunner* successor = find(outputs_, output->id())) {
      output->request_exchange(until, successor->has_spool());
      successor->follow(*output);
    } else {
      output->request_stop(until);
    }
  }
  for (auto& output : old) {
    wait.until([&] { return output->ended(); });
    if (hangs(*output)) output->leave_behind(find(outputs_, output->id()) != nullptr);
  }
}

/// Those that hang stay, and those whose disk keeps their successors waiting.
void Graph::part_with(Runners<OutputRunner>& old, Wait& wait) {
  wait.next_kind();
  for (auto& output : old) {
    const OutputRunner* successor = find(outputs_, output->id());
    if (successor && successor->thread().begun()) wait.until([&] { return output->has_handed_over(); });
    if (output->is_done_with())
      destroy("output " + output->id(), std::move(output));
    else
      hanging_outputs_.push_back(std::move(output));
  }
}

}  // namespace trafficd
