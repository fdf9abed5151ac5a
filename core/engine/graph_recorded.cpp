// What a graph does differently for recordings: which instances replay, what must not be mixed, when all has ended.

#include <algorithm>

#include "engine/graph.hpp"

namespace trafficd {

namespace {

const InputRunner* input_of(const Runners<InputRunner>& inputs, const std::string& id) {
  const auto found = std::ranges::find(inputs, id, [](const auto& each) -> const std::string& { return each->id(); });
  return found == inputs.end() ? nullptr : found->get();
}

}  // namespace

/// Those of a pipeline are all alike, or it is refused.
bool Graph::replays(const PipelineSettings& settings) const {
  return std::ranges::any_of(settings.inputs, [&](const std::string& id) {
    const InputRunner* input = input_of(inputs_, id);
    return input && input->recorded();
  });
}

/// The pipelines that an input feeds.
std::vector<Inlet> Graph::inlets_of(const Settings& settings, const std::string& input) const {
  std::vector<Inlet> inlets;
  const auto own = std::ranges::find(settings.inputs, input, &InstanceSettings::id);
  const InputRunner* const runner = input_of(inputs_, input);
  for (const PipelineSettings& each : settings.pipelines) {
    if (std::ranges::find(each.inputs, input) == each.inputs.end()) continue;
    for (const auto& pipeline : pipelines_) {
      if (pipeline->id() != each.id) continue;
      Inlet& inlet = inlets.emplace_back(&pipeline->queue());
      inlet.pipeline = each.id;
      // A live one has nothing to wait for, and outlives the pipeline perhaps.
      if (runner && runner->recorded()) inlet.turns = &pipeline->turns();
      inlet.rank = static_cast<std::size_t>(own - settings.inputs.begin());
    }
  }
  return inlets;
}

/// Inputs with pipelines, and all of them with what recordings wait for. Those that do not run yet learn what they are.
void Graph::connect(const Settings& settings) {
  const auto is_new = [](const auto& each) { return !each->thread().begun(); };
  for (const PipelineSettings& each : settings.pipelines)
    for (auto& pipeline : pipelines_)
      if (pipeline->id() == each.id && is_new(pipeline) && replays(each)) pipeline->take_part(replay_);
  for (auto& input : inputs_) {
    if (input->recorded() && is_new(input)) input->take_part(replay_);
    input->connect(inlets_of(settings, input->id()));
  }
  for (auto& output : outputs_)
    if (feeds(settings, output->id()).recorded) output->queue().set_replay(replay_);
}

Graph::Feeds Graph::feeds(const Settings& settings, const std::string& output) const {
  Feeds feeds;
  for (const PipelineSettings& each : settings.pipelines)
    if (std::ranges::find(each.outputs, output, &RouteSettings::to) != each.outputs.end())
      (replays(each) ? feeds.recorded : feeds.live) = true;
  return feeds;
}

/// Nothing is thinned of a queue that only recordings fill. Comes when the pipelines before have run empty, and before
/// new ones start: what those gave last goes over its bounds.
void Graph::decide_thinning(const Settings& settings) {
  for (auto& output : outputs_) {
    const Feeds from = feeds(settings, output->id());
    output->queue().set_whole(from.recorded && !from.live);
  }
}

void Graph::refuse_mixed(const Settings& settings, Problems& problems) const {
  for (const PipelineSettings& each : settings.pipelines) {
    const InputRunner* first = nullptr;
    for (std::size_t i = 0; i < each.inputs.size(); ++i) {
      const InputRunner* const input = input_of(inputs_, each.inputs[i]);
      if (!first) first = input;
      if (!input || input->recorded() == first->recorded()) continue;
      const auto own = std::ranges::find(settings.inputs, input->id(), &InstanceSettings::id);
      const ConfigNode& place = i < each.input_nodes.size() ? each.input_nodes[i] : own->node;
      const InputRunner& recorded = input->recorded() ? *input : *first;
      const InputRunner& live = input->recorded() ? *first : *input;
      problems.push_back(
          {place.mark, place.path,
           concat("'", recorded.id(), "' is a recording and '", live.id(), "' is not, and pipeline '", each.id,
                  "' cannot take both, for it ticks by the time of the samples or by the clock; give "
                  "each a pipeline of its own")});
      break;  // one such is enough to say of this pipeline
    }
  }
}

bool Graph::only_replays() const {
  return !inputs_.empty() && std::ranges::all_of(inputs_, [](const auto& each) { return each->recorded(); });
}

Graph::End Graph::end() const {
  const auto done = [](const auto& each) { return each->done(); };
  if (!only_replays() || !std::ranges::all_of(inputs_, done)) return End::running;
  // One that no input feeds has nothing to end with.
  for (const auto& pipeline : pipelines_)
    if (pipeline->recorded() && !pipeline->done()) return End::running;
  if (!std::ranges::all_of(outputs_, [](const auto& each) { return each->is_settled(); })) return End::emptying;
  const auto failed = [](const auto& each) { return each->thread().failed(); };
  const bool any = std::ranges::any_of(inputs_, failed) || std::ranges::any_of(pipelines_, failed) ||
                   std::ranges::any_of(outputs_, failed);
  return any || missing_ ? End::failed : End::whole;
}

/// Before a reload takes them out. A recording that failed before it gave anything is read as if for the first time;
/// what an output with a spool could not write is on disk.
void Graph::remember_missing() {
  for (const auto& input : inputs_) missing_ |= input->recorded() && input->broke_off();
  for (const auto& pipeline : pipelines_) missing_ |= pipeline->recorded() && pipeline->thread().failed();
  for (const auto& output : outputs_)
    missing_ |= output->thread().failed() && !output->has_spool() && feeds(settings_, output->id()).recorded;
}

/// A pipeline that reads recordings, or is going to, is made anew when its inputs are: what it knows of the time of its
/// samples, and whether they come to an end, belongs to them.
void Graph::remake_replays(const Settings& settings, const std::set<std::string>& recorded, Changes& changes) const {
  for (const PipelineSettings& now : settings.pipelines) {
    const auto before = std::ranges::find(settings_.pipelines, now.id, &PipelineSettings::id);
    if (before == settings_.pipelines.end() || changes.pipelines.made(now.id)) continue;
    const auto is_recorded = [&](const std::string& id) { return recorded.contains(id); };
    if (!replays(*before) && std::ranges::none_of(now.inputs, is_recorded)) continue;
    const auto is_made = [&](const std::string& id) { return changes.inputs.made(id); };
    if (before->inputs == now.inputs && std::ranges::none_of(now.inputs, is_made)) continue;
    changes.pipelines.changed.insert(now.id);
    changes.rerouted.erase(now.id);
  }
}

}  // namespace trafficd
