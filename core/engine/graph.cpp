#include "engine/graph.hpp"

#include <algorithm>
#include <map>

namespace trafficd {

namespace {

/// The descriptor of an instance's plugin, or nullptr and a problem at the place of its block.
const PluginDescriptor* plugin_of(Catalog& catalog, PluginType type, const InstanceSettings& settings,
                                  Problems& problems) {
  auto found = catalog.find(type, settings.plugin);
  if (found) return *found;
  problems.push_back({settings.plugin_mark, settings.node.path + ".plugin", found.error()});
  return nullptr;
}

/// Whether a path below the state folder is the daemon's: its state, its lock, what waits on disk.
bool is_own(const std::filesystem::path& path) {
  if (path.empty()) return false;
  const std::string first = path.begin()->native();
  return first == "state.db" || first.starts_with("state.db-") || first == "trafficd.lock" || first == "spool" ||
         first == "rejects";
}

/// Runs `make`, which constructs a plugin, and collects what it finds wrong.
template <class Make>
void collect_faults(const ConfigNode& node, Problems& problems, Make&& make) {
  try {
    make();
  } catch (const ConfigError& e) {
    problems.insert(problems.end(), e.problems().begin(), e.problems().end());
  } catch (const std::exception& e) {
    problems.push_back({node.mark, node.path, concat("the plugin could not be made: ", e.what())});
  }
}

}  // namespace

Graph::Graph(const Services& services, Catalog& catalog, const Settings& settings, Problems& problems,
             std::function<void()> fatal)
    : services_(services), fatal_(std::move(fatal)) {
  make_outputs(catalog, settings, problems);
  make_inputs(catalog, settings, problems);
  make_pipelines(catalog, settings, problems);
  check_declarations(catalog, settings, problems);
  check_unique(catalog, settings, problems);
}

Graph::~Graph() {
  if (!running_) return;
  stop_sources();
  stop_outputs(Duration::zero());
}

void Graph::make_outputs(Catalog& catalog, const Settings& settings, Problems& problems) {
  for (const OutputSettings& each : settings.outputs)
    if (const PluginDescriptor* plugin = plugin_of(catalog, PluginType::output, each, problems))
      collect_faults(each.node, problems, [&] {
        OutputSettings resolved = each;
        if (resolved.spool.mode == SpoolSettings::Mode::automatic && plugin->declare().live)
          resolved.spool.mode = SpoolSettings::Mode::off;
        outputs_.push_back(std::make_unique<OutputRunner>(services_, resolved, *plugin, fatal_));
      });
}

void Graph::make_inputs(Catalog& catalog, const Settings& settings, Problems& problems) {
  for (const InstanceSettings& each : settings.inputs)
    if (const PluginDescriptor* plugin = plugin_of(catalog, PluginType::input, each, problems))
      collect_faults(each.node, problems,
                     [&] { inputs_.push_back(std::make_unique<InputRunner>(services_, each, *plugin, fatal_)); });
}

void Graph::make_pipelines(Catalog& catalog, const Settings& settings, Problems& problems) {
  for (const PipelineSettings& each : settings.pipelines) {
    std::vector<const PluginDescriptor*> plugins;
    for (const InstanceSettings& stage : each.stages)
      plugins.push_back(plugin_of(catalog, PluginType::stage, stage, problems));
    std::vector<Route> routes;
    for (const RouteSettings& route : each.outputs)
      for (const auto& output : outputs_)
        if (output->id() == route.to) routes.emplace_back(route, output->queue());
    collect_faults(ConfigNode{}, problems, [&] {
      pipelines_.push_back(std::make_unique<Pipeline>(services_, each, plugins, std::move(routes)));
      for (const std::string& id : each.inputs)
        for (const auto& input : inputs_)
          if (input->id() == id) input->connect(pipelines_.back()->queue());
    });
  }
}

/// Two plugins may declare the same measurement only alike: one table, one rule and one page serve both.
void Graph::check_declarations(Catalog& catalog, const Settings& settings, Problems& problems) {
  std::map<std::string, std::pair<MeasurementPtr, std::string>> known;
  for (const InstanceSettings& input : settings.inputs) {
    const auto plugin = catalog.find(PluginType::input, input.plugin);
    if (!plugin) continue;
    for (const MeasurementPtr& measurement : (*plugin)->declare().measurements) {
      for (auto& output : outputs_) output->learn(measurement);
      const auto [first, added] = known.try_emplace(measurement->name(), measurement, input.plugin);
      if (!added && !first->second.first->compatible(*measurement))
        problems.push_back(
            {input.plugin_mark, input.node.path,
             concat("plugins '", first->second.second, "' and '", input.plugin, "' declare measurement '",
                    measurement->name(), "' with different fields; they cannot run together")});
    }
  }
}

/// What two instances of a plugin must not share, because both would write to it; nor with the daemon itself.
void Graph::check_unique(Catalog& catalog, const Settings& settings, Problems& problems) {
  std::map<std::vector<std::string>, std::string> owners;
  std::error_code error;
  const std::filesystem::path state = std::filesystem::weakly_canonical(services_.state_folder, error);
  const auto check = [&](PluginType type, const InstanceSettings& instance) {
    const auto plugin = catalog.find(type, instance.plugin);
    if (!plugin) return;
    for (const OptionDoc& option : (*plugin)->declare().options) {
      if (!option.unique) continue;
      const ConfigNode* given = instance.node.find(option.name);
      const std::filesystem::path named = services_.state_folder / (given ? given->text : option.default_text);
      // What is no path is not changed by being looked at as one.
      std::filesystem::path value = std::filesystem::weakly_canonical(named, error);
      if (error) value = named.lexically_normal();
      if (is_own(value.lexically_relative(state)))
        detail::add_problem(problems, given ? *given : instance.node,
                            concat("'", value.lexically_relative(state),
                                   "' is where the daemon keeps its own things; choose another name"));
      const auto [owner, first] =
          owners.try_emplace({std::string(to_string(type)), instance.plugin, option.name, value.native()}, instance.id);
      if (!first)
        detail::add_problem(problems, given ? *given : instance.node,
                            concat("'", owner->second, "' has the same '", option.name, "'; give each one its own"));
    }
  };
  for (const InstanceSettings& input : settings.inputs) check(PluginType::input, input);
  for (const OutputSettings& output : settings.outputs) check(PluginType::output, output);
}

void Graph::start() {
  running_ = true;
  for (auto& output : outputs_) output->start();
  for (auto& pipeline : pipelines_) pipeline->start();
  for (auto& input : inputs_) input->start();
}

void Graph::stop_sources() {
  for (auto& input : inputs_) input->request_stop();
  for (auto& input : inputs_) input->join();
  for (auto& pipeline : pipelines_) pipeline->request_stop();
  for (auto& pipeline : pipelines_) pipeline->stop();
}

void Graph::stop_outputs(Duration deadline) {
  running_ = false;
  const SteadyTime until = services_.clock.steady() + deadline;
  for (auto& output : outputs_) output->request_stop(until);
  for (auto& output : outputs_) output->join();
}

void Graph::rescue() {
  for (auto& output : outputs_) output->rescue();
}

std::vector<std::string> Graph::running() const {
  std::vector<std::string> names;
  for (const auto& input : inputs_)
    if (!input->ended()) names.push_back("input " + input->id());
  for (const auto& pipeline : pipelines_)
    if (!pipeline->ended()) names.push_back("pipeline " + pipeline->id());
  for (const auto& output : outputs_)
    if (!output->ended()) names.push_back("output " + output->id());
  return names;
}

}  // namespace trafficd
