#include "engine/graph.hpp"

#include <algorithm>
#include <map>

#include "engine/counted_twice.hpp"
#include "engine/given_options.hpp"
#include "engine/guard.hpp"
#include "engine/stage_states.hpp"

namespace trafficd {

namespace {

/// The descriptor of an instance's plugin, or nullptr and a problem at the place of its block.
const KnownPlugin* plugin_of(Catalog& catalog, PluginType type, const InstanceSettings& settings, Problems& problems) {
  auto found = catalog.find(type, settings.plugin);
  if (found) return *found;
  problems.push_back({settings.plugin_mark, settings.node.path + ".plugin", found.error()});
  return nullptr;
}

/// Whether a path below the state folder is the daemon's: its state, its lock, what waits on disk.
bool is_own(const std::filesystem::path& path) {
  if (path.empty()) return false;
  const std::string first = path.begin()->native();
  return first == "state.db" || first.starts_with("state.db-") || first == "trafficd.lock" || first == "control" ||
         first == "spool" || first == "rejects";
}

// Once one has not returned, the others are called only to have all faults told at once.
constexpr Duration short_patience = std::chrono::seconds(1);

}  // namespace

Graph::Graph(const Services& services, Catalog& catalog, const Settings& settings, Problems& problems,
             std::function<void()> fatal, Patience patience)
    : services_(services),
      settings_(with_secret_files(catalog, settings)),
      fatal_(std::move(fatal)),
      patience_(patience) {
  for (const OutputSettings& each : settings.outputs)
    if (auto output = make_output(catalog, each, problems)) outputs_.push_back(std::move(output));
  for (const InstanceSettings& each : settings.inputs)
    if (auto input = make_input(catalog, each, problems)) inputs_.push_back(std::move(input));
  for (const PipelineSettings& each : settings.pipelines)
    if (auto pipeline = make_pipeline(catalog, each, problems)) pipelines_.push_back(std::move(pipeline));
  connect(settings);
  decide_thinning(settings);
  refuse_mixed(settings, problems);
  check_declarations(catalog, settings, problems);
  check_unique(catalog, settings, problems);
  refuse_counted_twice(catalog, settings, problems);
}

Graph::~Graph() {
  if (!running_) return;
  stop_sources();
  stop_outputs(Duration::zero());
}

void Graph::keep_hanging(std::shared_ptr<Making> call) {
  hanging_calls_.push_back(std::move(call));
  hung_ = true;
}

Duration Graph::patience(Duration usual) const { return hung_ ? std::min(usual, short_patience) : usual; }

/// Calls `make`, which calls the constructor of a plugin, and collects what it finds wrong. It may outlive this graph,
/// so it owns what it uses, but for the services.
template <class Make>
auto Graph::construct(const ConfigNode& node, std::string id, Problems& problems, Make make)
    -> std::optional<std::invoke_result_t<Make&>> {
  std::shared_ptr<Making> left;
  const Duration enough = patience(patience_.constructor);
  try {
    if (auto made = make_within(enough, patience_.stop_wanted, std::move(id), std::move(make), left)) return made;
    problems.push_back({node.mark, node.path,
                        concat("the plugin does not return from its constructor within ", format_duration(enough),
                               " and is left behind; tell its author")});
    keep_hanging(std::move(left));
  } catch (const ConfigError& e) {
    problems.insert(problems.end(), e.problems().begin(), e.problems().end());
    if (e.problems().empty())
      problems.push_back({node.mark, node.path, "the plugin could not be made, and does not say why"});
  } catch (const std::exception& e) {
    problems.push_back({node.mark, node.path, concat("the plugin could not be made: ", words_of(e))});
  } catch (...) {
    problems.push_back({node.mark, node.path, "the plugin could not be made: unexpected error of an unknown type"});
  }
  return {};
}

std::unique_ptr<OutputRunner> Graph::make_output(Catalog& catalog, OutputSettings settings, Problems& problems) {
  const KnownPlugin* plugin = plugin_of(catalog, PluginType::output, settings, problems);
  if (!plugin) return {};
  auto made = construct(settings.node, "output " + settings.id, problems,
                        [&services = services_, settings, plugin, fatal = fatal_]() mutable {
                          if (settings.spool.mode == SpoolSettings::Mode::automatic && plugin->declared.live)
                            settings.spool.mode = SpoolSettings::Mode::off;
                          return std::make_unique<OutputRunner>(services, settings, *plugin, fatal);
                        });
  return made ? std::move(*made) : nullptr;
}

std::unique_ptr<InputRunner> Graph::make_input(Catalog& catalog, const InstanceSettings& settings, Problems& problems) {
  const KnownPlugin* plugin = plugin_of(catalog, PluginType::input, settings, problems);
  if (!plugin) return {};
  auto made = construct(settings.node, "input " + settings.id, problems,
                        [&services = services_, settings, plugin, fatal = fatal_] {
                          return std::make_unique<InputRunner>(services, settings, *plugin, fatal);
                        });
  return made ? std::move(*made) : nullptr;
}

std::optional<Pipeline::Part> Graph::make_stage(Catalog& catalog, const std::string& pipeline,
                                                const InstanceSettings& settings, Problems& problems) {
  const KnownPlugin* plugin = plugin_of(catalog, PluginType::stage, settings, problems);
  if (!plugin) return {};
  return construct(settings.node, concat("stage ", pipeline, '/', settings.id), problems,
                   [&services = services_, pipeline, settings, plugin] {
                     return Pipeline::make_part(services, pipeline, settings, *plugin);
                   });
}

std::unique_ptr<Pipeline> Graph::make_pipeline(Catalog& catalog, const PipelineSettings& settings, Problems& problems) {
  // In the list of all, the pipeline comes before its stages.
  const auto meter = services_.meters.add(settings.id, "pipeline", "");
  std::vector<Pipeline::Part> stages;
  for (const InstanceSettings& each : settings.stages)
    if (auto stage = make_stage(catalog, settings.id, each, problems)) stages.push_back(std::move(*stage));
  if (stages.size() < settings.stages.size()) {
    destroy("the stages of pipeline " + settings.id, std::make_unique<std::vector<Pipeline::Part>>(std::move(stages)));
    return {};
  }
  return std::make_unique<Pipeline>(services_, settings, std::move(stages), routes_of(settings));
}

std::vector<Route> Graph::routes_of(const PipelineSettings& settings) const {
  std::vector<Route> routes;
  for (const RouteSettings& route : settings.outputs)
    for (const auto& output : outputs_)
      if (output->id() == route.to) routes.emplace_back(route, output->queue());
  return routes;
}

/// Two plugins may declare the same measurement only alike: one table, one rule and one page serve both.
void Graph::check_declarations(Catalog& catalog, const Settings& settings, Problems& problems) {
  std::map<std::string, std::pair<MeasurementPtr, std::string>> known;
  for (const InstanceSettings& input : settings.inputs) {
    const auto plugin = catalog.find(PluginType::input, input.plugin);
    if (!plugin) continue;
    for (const MeasurementPtr& measurement : (*plugin)->declared.measurements) {
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
    for (const OptionDoc& option : (*plugin)->declared.options) {
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

void Graph::hand_on_states() {
  Logger& log = services_.journal.own();
  const Status status = guarded([&] { return hand_on_stage_states(services_.state, log, settings_), Status::ok(); });
  if (!status) log.error(concat("whether stages were renamed cannot be told: ", status.message()));
}

/// Where the system gives no thread the rest goes on, as when an instance ends for good.
bool Graph::try_to_start(std::string_view role, const std::string& id, std::string_view plugin,
                         const std::function<void()>& start) {
  const Status begun = guarded([&] { return start(), Status::ok(); });
  if (begun) return true;
  // The meter that it has.
  services_.meters.add(id, std::string(role), std::string(plugin))->errors.fetch_add(1, std::memory_order_relaxed);
  services_.journal.own().error(
      concat(role, ' ', id, " could not start, the next reload tries again: ", begun.message()));
  return false;
}

bool Graph::try_to_start(InputRunner& input) {
  return try_to_start("input", input.id(), input.plugin(), [&] { input.start(); });
}
bool Graph::try_to_start(Pipeline& pipeline) {
  return try_to_start("pipeline", pipeline.id(), pipeline.plugin(), [&] { pipeline.start(); });
}
bool Graph::try_to_start(OutputRunner& output) {
  return try_to_start("output", output.id(), output.plugin(), [&] { output.start(); });
}

void Graph::start(std::function<void()> on_end) {
  running_ = true;
  replay_.on_end(std::move(on_end));
  hand_on_states();
  const auto ends_all = [](const auto& settings, const std::string& id) {
    const auto own = std::ranges::find(settings, id, [](const auto& each) -> const std::string& { return each.id; });
    return own != settings.end() && own->on_start_error == StartError::exit;
  };
  for (auto& output : outputs_)
    if (!try_to_start(*output) && ends_all(settings_.outputs, output->id())) fatal_();
  // A recording would wait for one that does not run, and the daemon for the recording.
  for (auto& pipeline : pipelines_)
    if (!try_to_start(*pipeline) && pipeline->recorded()) fatal_();
  for (auto& input : inputs_)
    if (!try_to_start(*input) && ends_all(settings_.inputs, input->id())) fatal_();
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

namespace {

void add_running(std::vector<std::string>& names, const char* role, const auto& runners) {
  for (const auto& each : runners)
    if (!each->ended()) names.push_back(role + each->id());
}

std::string_view condition_in(const auto& runners, std::string_view id, std::string_view plugin, SteadyTime now) {
  for (const auto& each : runners)
    if (each->id() == id && each->plugin() == plugin) return each->thread().condition(now, each->longest_call());
  return "left behind";
}

}  // namespace

std::vector<std::string> Graph::running() const {
  std::vector<std::string> names = hanging();
  add_running(names, "input ", inputs_);
  add_running(names, "pipeline ", pipelines_);
  add_running(names, "output ", outputs_);
  return names;
}

std::vector<std::string> Graph::hanging() const {
  std::vector<std::string> names;
  add_running(names, "input ", hanging_inputs_);
  add_running(names, "pipeline ", hanging_pipelines_);
  add_running(names, "output ", hanging_outputs_);
  add_running(names, "", hanging_calls_);
  return names;
}

std::string_view Graph::condition(std::string_view role, std::string_view id, std::string_view plugin) const {
  const SteadyTime now = services_.clock.steady();
  if (role == "input") return condition_in(inputs_, id, plugin, now);
  if (role == "output") return condition_in(outputs_, id, plugin, now);
  return condition_in(pipelines_, id.substr(0, id.find('/')), "", now);
}

}  // namespace trafficd
