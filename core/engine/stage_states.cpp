#include "engine/stage_states.hpp"

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

using Names = std::map<std::string, std::vector<std::string>>;  // of stages, by plugin
constexpr std::string_view told = " told";

std::unique_ptr<InstanceState> state_of(StateStore& store, const std::string& stage) {
  return store.instance("stage/" + stage);
}

std::map<std::string, std::string> plugins_of(const Settings& settings) {
  std::map<std::string, std::string> plugins;
  for (const PipelineSettings& pipeline : settings.pipelines)
    for (const InstanceSettings& stage : pipeline.stages) plugins[pipeline.id + '/' + stage.id] = stage.plugin;
  return plugins;
}

/// In one step, so that no kill leaves half of it, or both.
void move(StateStore& store, const std::string& from, const std::string& to, InstanceState& known) {
  const auto source = state_of(store, from), target = state_of(store, to);
  for (const std::string& key : source->keys()) {
    target->put(key, *source->get(key));
    source->erase(key);
  }
  known.erase(from);
  InstanceState* const step[] = {source.get(), target.get(), &known};
  store.finish_step(step);
}

void tell(Logger& log, const std::string& stage, const std::vector<std::string>& fresh) {
  std::string others;
  for (const std::string& each : fresh) others += concat(others.empty() ? "" : ", ", "'", each, "'");
  const std::size_t slash = stage.rfind('/');
  log.warning(concat("what stage '", stage, "' kept, such as totals, waits: pipeline '", stage.substr(0, slash),
                     "' has no stage '", stage.substr(slash + 1), "' any more",
                     fresh.empty() ? "" : concat("; ", others, fresh.size() == 1 ? " begins" : " begin", " anew"),
                     "; give a stage that name again, and it goes on from there"));
}

}  // namespace

void hand_on_stage_states(StateStore& store, Logger& log, const Settings& settings) {
  const auto known = store.instance("stages");
  const auto plugins = plugins_of(settings);
  Names fresh, gone;
  for (const auto& [stage, plugin] : plugins) {
    const auto before = known->get(stage);
    if (!before && state_of(store, stage)->keys().empty()) fresh[plugin].push_back(stage);
    if (before != plugin) known->put(stage, plugin);
  }
  for (const std::string& stage : known->keys()) {
    if (plugins.contains(stage)) continue;
    if (state_of(store, stage)->keys().empty()) {
      known->erase(stage);
      continue;
    }
    // What was told of has been gone for longer: what comes now is something else.
    if (const std::string plugin = known->get(stage).value_or(""); !plugin.ends_with(told))
      gone[plugin].push_back(stage);
  }
  for (const auto& [plugin, stages] : gone) {
    const std::vector<std::string>& heirs = fresh[plugin];
    if (stages.size() == 1 && heirs.size() == 1) {
      move(store, stages[0], heirs[0], *known);
      log.info(
          concat("stage '", heirs[0], "' goes on from what '", stages[0], "' kept, which is gone: it was renamed"));
      continue;
    }
    for (const std::string& stage : stages) {
      tell(log, stage, heirs);
      known->put(stage, concat(plugin, told));
    }
  }
  InstanceState* const step[] = {known.get()};
  store.finish_step(step);
}

}  // namespace trafficd
