#include "engine/settings.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "engine/settings_options.hpp"

namespace trafficd {

namespace {

const std::vector<std::string> sections = {"inputs", "outputs", "pipelines"};

bool good_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

using detail::add_problem;

/// A map of instances. When it is misspelt, or no map, its names cannot be told, and none is missed in it: the first
/// fault is the one to mend.
struct Section {
  std::vector<ConfigEntry> entries;
  bool certain = true;
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const ConfigEntry& entry : entries) names.push_back(entry.key);
    return names;
  }
};

/// `misspelt` are the sections that something in the file was probably meant to be.
Section read_section(const ConfigNode& root, const std::string& name, const std::set<std::string>& misspelt,
                     Problems& problems) {
  const ConfigNode* node = root.find(name);
  if (!node || node->type == ConfigNode::Type::null) return {{}, node || !misspelt.contains(name)};
  if (node->type != ConfigNode::Type::map) {
    add_problem(problems, *node, concat("must be a map of ", name, " by their names"));
    return {{}, false};
  }
  for (const ConfigEntry& entry : node->entries)
    if (!good_id(entry.key))
      problems.push_back(
          {entry.mark, entry.value.path, "a name has letters, digits, '_', '-' and '.', 64 at most; choose another"});
  return {node->entries};
}

/// Whether there is an instance to be read: one fault is told for what is none, not one for all that follows from it.
bool is_instance(const ConfigNode& node, std::string_view what, Problems& problems) {
  if (node.type != ConfigNode::Type::map && node.type != ConfigNode::Type::null) {
    add_problem(problems, node, concat("an ", what, " is a map of options: { plugin: NAME }"));
    return false;
  }
  const ConfigNode* plugin = node.find("plugin");
  if (!plugin || (plugin->type == ConfigNode::Type::scalar && !plugin->faulty)) return true;
  add_problem(problems, *plugin, "must be the name of a plugin");
  return false;
}

/// Reads what is common to all instances and leaves the plugin's own options in `node`.
template <class Target>
Target read_instance(const Options<Target>& options, const std::string& id, const ConfigNode& node,
                     Problems& problems) {
  ConfigNode common = node;
  const std::vector<std::string> names = options.names();
  if (node.type == ConfigNode::Type::null) common.type = ConfigNode::Type::map;
  std::erase_if(common.entries, [&](const ConfigEntry& e) { return std::ranges::find(names, e.key) == names.end(); });
  Target target = options.parse(common, problems);
  if (target.id.empty()) target.id = id;
  if (target.plugin.empty()) target.plugin = id;
  const ConfigNode* named = node.find("plugin");
  target.plugin_mark = named ? named->mark : node.mark;
  target.node = node.without(names);
  if (target.node.type == ConfigNode::Type::null) target.node.type = ConfigNode::Type::map;
  return target;
}

std::vector<InstanceSettings> read_stages(const ConfigNode& node, Problems& problems) {
  std::vector<InstanceSettings> stages;
  std::set<std::string> ids;
  for (const ConfigNode& each : detail::sequence_items(node)) {
    if (each.type != ConfigNode::Type::map || !each.find("plugin")) {
      add_problem(problems, each, "a stage is a map that names its plugin: { plugin: rate }");
      continue;
    }
    InstanceSettings stage = read_instance(stage_part(), {}, each, problems);
    if (stage.id.empty()) stage.id = stage.plugin;
    if (!ids.insert(stage.id).second)
      add_problem(problems, each, concat("two stages of this pipeline are called '", stage.id, "'; give one an 'id'"));
    stages.push_back(std::move(stage));
  }
  return stages;
}

std::vector<RouteSettings> read_routes(const ConfigNode& node, Problems& problems) {
  std::vector<RouteSettings> routes;
  for (const ConfigNode& each : detail::sequence_items(node)) {
    RouteSettings route;
    route.node = each;
    if (each.type == ConfigNode::Type::scalar) {
      route.to = each.text;
    } else {
      RouteFields read = route_part().parse(each, problems);
      route.to = std::move(read.to);
      route.measurements = std::move(read.when.measurement);
      route.tags = std::move(read.when.tags);
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

/// Checks that a name that a pipeline uses is there.
void check_known(const std::string& name, const Section& section, std::string_view what, const ConfigNode& node,
                 Problems& problems) {
  const std::vector<std::string> known = section.names();
  if (!section.certain || std::ranges::find(known, name) != known.end() || name.empty()) return;
  std::string message = concat("there is no ", what, " '", name, "'");
  if (std::string near = nearest(name, known); !near.empty()) message += concat(", did you mean '", near, "'?");
  add_problem(problems, node, std::move(message));
}

/// An empty list says "none", where leaving it out says "all": whoever wrote it must say which. True when it is one.
bool refuse_empty(const ConfigNode& pipeline, std::string_view key, Problems& problems) {
  const ConfigNode* node = pipeline.find(key);
  const bool empty =
      node && node->items.empty() && node->type != ConfigNode::Type::scalar && node->type != ConfigNode::Type::map;
  if (empty) add_problem(problems, *node, concat("is empty; name ", key, ", or leave the option out for all of them"));
  return empty;
}

std::vector<std::string> read_pipeline_inputs(const ConfigNode& node, const std::vector<std::string>& names,
                                              const Section& inputs, Problems& problems) {
  if (const ConfigNode* list = node.find("inputs"))
    for (const ConfigNode& each : detail::sequence_items(*list))
      check_known(each.text, inputs, "input", each, problems);
  std::set<std::string> seen;
  for (const std::string& name : names)
    if (!seen.insert(name).second)
      problems.push_back(
          {node.mark, node.path + ".inputs", concat("input '", name, "' stands twice in this pipeline; remove one")});
  return names.empty() ? inputs.names() : names;
}

std::vector<RouteSettings> read_pipeline_outputs(const ConfigNode& node, const Section& outputs, Problems& problems) {
  std::vector<RouteSettings> routes;
  if (!refuse_empty(node, "outputs", problems))
    if (const ConfigNode* list = node.find("outputs")) routes = read_routes(*list, problems);
  std::set<std::string> seen;
  for (const RouteSettings& route : routes) {
    check_known(route.to, outputs, "output", route.node, problems);
    if (!route.to.empty() && !seen.insert(route.to).second)
      add_problem(problems, route.node,
                  concat("output '", route.to, "' stands twice in this pipeline; put its conditions into one entry"));
  }
  if (routes.empty())
    for (const std::string& name : outputs.names()) routes.push_back({name, {}, {}, {}});
  return routes;
}

PipelineSettings read_pipeline(const ConfigEntry& entry, const Section& inputs, const Section& outputs,
                               Problems& problems) {
  const ConfigNode& node = entry.value;
  PipelineSettings pipeline;
  pipeline.id = entry.key;
  if (node.type != ConfigNode::Type::map && node.type != ConfigNode::Type::null) {
    add_problem(problems, node, "a pipeline is a map of 'inputs', 'stages' and 'outputs'");
    return pipeline;
  }
  std::vector<std::string> elsewhere = {"stages", "outputs"};
  if (refuse_empty(node, "inputs", problems)) elsewhere.push_back("inputs");
  ConfigNode rest = node.without(elsewhere);
  rest.type = ConfigNode::Type::map;
  const PipelineFields fields = pipeline_part().parse(rest, problems);
  pipeline.queue = fields.queue;
  pipeline.inputs = read_pipeline_inputs(node, fields.inputs, inputs, problems);
  if (const ConfigNode* list = node.find("inputs")) pipeline.input_nodes = detail::sequence_items(*list);
  if (const ConfigNode* stages = node.find("stages")) pipeline.stages = read_stages(*stages, problems);
  pipeline.outputs = read_pipeline_outputs(node, outputs, problems);
  return pipeline;
}

/// Complains of keys that nobody knows and answers the known ones that they were probably meant to be. They are looked
/// up among all sections, so that `input:` is told to be `inputs:`.
std::set<std::string> refuse_unknown(ConfigNode& own, Problems& problems) {
  std::vector<std::string> known = daemon_part().names();
  known.insert(known.end(), sections.begin(), sections.end());
  std::set<std::string> meant;
  std::erase_if(own.entries, [&](const ConfigEntry& entry) {
    if (std::ranges::find(known, entry.key) != known.end()) return false;
    std::string message = concat("unknown section '", entry.key, "'");
    if (std::string near = nearest(entry.key, known); !near.empty()) {
      message += concat(", did you mean '", near, "'?");
      meant.insert(std::move(near));
    }
    problems.push_back({entry.mark, entry.key, std::move(message)});
    return true;
  });
  return meant;
}

/// A folder that is missing would only show as plugins that are not there.
void find_plugin_folders(const ConfigNode& root, Settings& settings, Problems& problems) {
  settings.plugin_path.clear();
  const ConfigNode* list = root.find("plugin_path");
  if (!list) return;
  for (const ConfigNode& each : detail::sequence_items(*list)) {
    if (each.type != ConfigNode::Type::scalar) continue;  // told already
    const std::filesystem::path folder = std::filesystem::path(root.mark.file).parent_path() / each.text;
    std::error_code error;
    if (!each.text.empty() && std::filesystem::is_directory(folder, error))
      settings.plugin_path.push_back(folder.string());
    else
      add_problem(problems, each,
                  concat("'", folder, "' is no folder", error ? ": " : "", error ? error.message() : "",
                         "; make it, or remove the entry"));
  }
}

}  // namespace

Settings read_settings(const ConfigNode& root, Problems& problems) {
  if (root.type != ConfigNode::Type::map) {
    add_problem(problems, root, "a configuration is a map with 'inputs' and 'outputs'");
    return {};
  }
  ConfigNode own = root.without(sections);
  const std::set<std::string> misspelt = refuse_unknown(own, problems);
  Settings settings = daemon_part().parse(own, problems);
  find_plugin_folders(root, settings, problems);
  const Section inputs = read_section(root, "inputs", misspelt, problems);
  const Section outputs = read_section(root, "outputs", misspelt, problems);
  const Section pipelines = read_section(root, "pipelines", misspelt, problems);
  for (const ConfigEntry& entry : inputs.entries)
    if (is_instance(entry.value, "input", problems)) {
      InputSettings input = read_instance(input_part(), entry.key, entry.value, problems);
      input.interval = input.own_interval.value_or(settings.interval);
      settings.inputs.push_back(std::move(input));
    }
  for (const ConfigEntry& entry : outputs.entries)
    if (is_instance(entry.value, "output", problems)) {
      settings.outputs.push_back(read_instance(output_part(), entry.key, entry.value, problems));
      settings.outputs.back().interval = settings.interval;
    }
  if (inputs.certain && inputs.entries.empty())
    problems.push_back(
        {root.mark, "inputs", "there is no input; add one, for example 'interfaces: { plugin: interface }'"});
  if (outputs.certain && outputs.entries.empty())
    problems.push_back(
        {root.mark, "outputs", "there is no output; add one, for example 'history: { plugin: sqlite }'"});

  for (const ConfigEntry& entry : pipelines.entries)
    settings.pipelines.push_back(read_pipeline(entry, inputs, outputs, problems));
  // A section whose entries are all commented out is as good as none.
  if (pipelines.certain && pipelines.entries.empty()) {
    ConfigEntry whole{"main", root.mark, {}};
    whole.value.path = "pipelines.main";
    settings.pipelines.push_back(read_pipeline(whole, inputs, outputs, problems));
  }
  for (PipelineSettings& pipeline : settings.pipelines)
    for (InstanceSettings& stage : pipeline.stages) stage.interval = settings.interval;
  return settings;
}

}  // namespace trafficd
