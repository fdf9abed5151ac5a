#include "engine/settings.hpp"

#include <algorithm>
#include <set>

namespace trafficd {

namespace {

using namespace std::chrono_literals;

const std::vector<std::pair<std::string, Level>> levels = {
    {"debug", Level::debug}, {"info", Level::info}, {"warning", Level::warning}, {"error", Level::error}};

/// A member of the common part, as a member of what is built on it.
template <class Target, class Member>
Member Target::*in(Member InstanceSettings::*member) {
  return member;
}

template <class Target>
Options<Target> instance_part(std::string plugin_help) {
  return Options<Target>{}
      .add("plugin", in<Target>(&InstanceSettings::plugin), std::move(plugin_help))
      .add("max_series", in<Target>(&InstanceSettings::max_series),
           "The most series that the instance may have at once; samples of more are dropped and counted.")
      .range(in<Target>(&InstanceSettings::max_series), 1, 10'000'000)
      .add_choice("log", in<Target>(&InstanceSettings::log), levels,
                  "The least important messages of this instance that are logged.");
}

/// What inputs and outputs have and stages do not: a pipeline without one of its stages would be wrong, so it waits.
template <class Target>
Options<Target> endpoint_part() {
  return instance_part<Target>("Which plugin this is; by default the one that has the instance's name.")
      .add_choice("on_start_error", in<Target>(&InstanceSettings::on_start_error),
                  {{"retry", StartError::retry}, {"exit", StartError::exit}},
                  "What happens when the instance cannot start: try again later, or end the daemon.");
}

Options<InstanceSettings> input_part() {
  auto options = endpoint_part<InstanceSettings>();
  options
      .add("interval", &InstanceSettings::interval,
           "The pause between two samples; aligned to the clock; by default the daemon's `interval`.")
      .check([](const InstanceSettings& s) {
        return s.interval != 0s && (s.interval < 10ms || s.interval > 24h) ? "must be between 10ms and 1d" : "";
      })
      .add("tags", &InstanceSettings::tags, "Attributes that are added to every series of this instance.");
  return options;
}

/// A stage sees the series of all inputs of its pipeline and makes as many of its own.
struct StageSettings : InstanceSettings {
  StageSettings() { max_series = 100'000; }
};

Options<StageSettings> stage_part() {
  return instance_part<StageSettings>("Which plugin this is; must be given.")
      .add("id", in<StageSettings>(&InstanceSettings::id),
           "The stage's name within its pipeline; by default its plugin's name.");
}

Options<OutputSettings> output_part() {
  return endpoint_part<OutputSettings>()
      .add("batch_size", &OutputSettings::batch_size, "So many samples are written at once, where there are as many.")
      .range(&OutputSettings::batch_size, 1, 1'000'000)
      .add("flush_interval", &OutputSettings::flush_interval,
           "The longest time that a sample waits for others before it is written.")
      .range(&OutputSettings::flush_interval, 0s, 1h)
      .add("queue", &OutputSettings::queue,
           "The most samples kept in memory while the output cannot take them; above that the queue is thinned, "
           "totals last.")
      .range(&OutputSettings::queue, 100, 100'000'000);
}

struct When {
  std::vector<std::string> measurement;
  Tags tags;
};

struct Route {
  std::string to;
  When when;
};

Options<Route> route_part() {
  return Options<Route>{}
      .add("to", &Route::to, "The output.")
      .required()
      .add_block("when", &Route::when,
                 Options<When>{}
                     .add("measurement", &When::measurement, "Measurements that pass: names with `*`, `?`, `[…]`.")
                     .add("tags", &When::tags, "Tags that a series must have: name and pattern."),
                 "What passes to this output; everything when left out.");
}

struct PipelineFields {
  std::vector<std::string> inputs;
  std::uint64_t queue = PipelineSettings{}.queue;
};

Options<PipelineFields> pipeline_part() {
  return Options<PipelineFields>{}
      .add("inputs", &PipelineFields::inputs, "The inputs whose samples run through; by default all.")
      .add("queue", &PipelineFields::queue, "The most samples that wait for the stages.")
      .range(&PipelineFields::queue, 100, 100'000'000);
}

Options<Settings> daemon_part() {
  return Options<Settings>{}
      .add("interval", &Settings::interval, "The pause between two samples of an input, aligned to the clock.")
      .range(&Settings::interval, 10ms, 24h)
      .add("checkpoint", &Settings::checkpoint, "How often the state of the plugins is written to disk.")
      .range(&Settings::checkpoint, 100ms, 1h)
      .add("stop_deadline", &Settings::stop_deadline, "How long outputs may take to write what is left at the end.")
      .range(&Settings::stop_deadline, 0s, 10min)
      .add("plugin_path", &Settings::plugin_path,
           "Further folders with plugins, searched first; each has `inputs`, `stages` and `outputs` below it.")
      .add_choice("log", &Settings::log, levels, "The least important messages that are logged.");
}

const std::vector<std::string> sections = {"inputs", "outputs", "pipelines"};

OptionDoc block_doc(std::string name, std::string help, bool list, std::vector<OptionDoc> nested) {
  OptionDoc doc;
  doc.name = std::move(name);
  doc.type = OptionDoc::Type::block;
  doc.list = list;
  doc.help = std::move(help);
  doc.nested = std::move(nested);
  return doc;
}

bool good_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

void complain(Problems& problems, const Mark& mark, std::string path, std::string message) {
  problems.push_back({mark, std::move(path), std::move(message)});
}

/// The entries of a section that is a map of instances; anything else is a fault.
const std::vector<ConfigEntry>& section_entries(const ConfigNode& root, std::string_view name, Problems& problems) {
  static const std::vector<ConfigEntry> none;
  const ConfigNode* section = root.find(name);
  if (!section || section->type == ConfigNode::Type::null) return none;
  if (section->type != ConfigNode::Type::map) {
    complain(problems, section->mark, section->path, concat("must be a map of ", name, " by their names"));
    return none;
  }
  for (const ConfigEntry& entry : section->entries)
    if (!good_id(entry.key))
      complain(problems, entry.mark, entry.value.path,
               "a name has letters, digits, '_', '-' and '.', 64 at most; choose another");
  return section->entries;
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
      complain(problems, each.mark, each.path, "a stage is a map that names its plugin: { plugin: rate }");
      continue;
    }
    InstanceSettings stage = read_instance(stage_part(), {}, each, problems);
    if (stage.id.empty()) stage.id = stage.plugin;
    if (!ids.insert(stage.id).second)
      complain(problems, each.mark, each.path,
               concat("two stages of this pipeline are called '", stage.id, "'; give one an 'id'"));
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
      Route read = route_part().parse(each, problems);
      route.to = std::move(read.to);
      route.measurements = std::move(read.when.measurement);
      route.tags = std::move(read.when.tags);
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

/// Checks that a name that a pipeline uses is there.
void check_known(const std::string& name, const std::vector<std::string>& known, std::string_view what,
                 const ConfigNode& node, Problems& problems) {
  if (std::ranges::find(known, name) != known.end() || name.empty()) return;
  std::string message = concat("there is no ", what, " '", name, "'");
  if (std::string near = nearest(name, known); !near.empty()) message += concat(", did you mean '", near, "'?");
  complain(problems, node.mark, node.path, std::move(message));
}

template <class List>
std::vector<std::string> ids_of(const List& list) {
  std::vector<std::string> ids;
  for (const auto& each : list) ids.push_back(each.id);
  return ids;
}

PipelineSettings read_pipeline(const ConfigEntry& entry, const Settings& settings, Problems& problems) {
  PipelineSettings pipeline;
  pipeline.id = entry.key;
  const std::vector<std::string> inputs = ids_of(settings.inputs), outputs = ids_of(settings.outputs);
  if (entry.value.type != ConfigNode::Type::map && entry.value.type != ConfigNode::Type::null) {
    complain(problems, entry.value.mark, entry.value.path, "a pipeline is a map of 'inputs', 'stages' and 'outputs'");
    return pipeline;
  }
  ConfigNode rest = entry.value.without({"stages", "outputs"});
  rest.type = ConfigNode::Type::map;
  const PipelineFields fields = pipeline_part().parse(rest, problems);
  pipeline.queue = fields.queue;
  pipeline.inputs = fields.inputs.empty() ? inputs : fields.inputs;
  if (const ConfigNode* node = entry.value.find("inputs"))
    for (const ConfigNode& each : detail::sequence_items(*node))
      check_known(each.text, inputs, "input", each, problems);
  for (std::size_t i = 0; i < fields.inputs.size(); ++i)
    if (std::find(fields.inputs.begin(), fields.inputs.begin() + static_cast<std::ptrdiff_t>(i), fields.inputs[i]) !=
        fields.inputs.begin() + static_cast<std::ptrdiff_t>(i))
      complain(problems, entry.value.mark, entry.value.path + ".inputs",
               concat("input '", fields.inputs[i], "' stands twice in this pipeline; remove one"));
  if (const ConfigNode* node = entry.value.find("stages")) pipeline.stages = read_stages(*node, problems);
  if (const ConfigNode* node = entry.value.find("outputs")) pipeline.outputs = read_routes(*node, problems);
  for (const RouteSettings& route : pipeline.outputs) check_known(route.to, outputs, "output", route.node, problems);
  if (pipeline.outputs.empty())
    for (const std::string& id : outputs) pipeline.outputs.push_back({id, {}, {}, {}});
  for (std::size_t i = 0; i < pipeline.outputs.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (pipeline.outputs[i].to == pipeline.outputs[j].to)
        complain(problems, pipeline.outputs[i].node.mark, pipeline.outputs[i].node.path,
                 concat("output '", pipeline.outputs[i].to,
                        "' stands twice in this pipeline; put its conditions into one entry"));
  return pipeline;
}

}  // namespace

Settings read_settings(const ConfigNode& root, Problems& problems) {
  if (root.type != ConfigNode::Type::map) {
    complain(problems, root.mark, root.path, "a configuration is a map with 'inputs' and 'outputs'");
    return {};
  }
  // Unknown keys are looked up among all sections, so that `input:` is told to be `inputs:`.
  std::vector<std::string> known = daemon_part().names();
  known.insert(known.end(), sections.begin(), sections.end());
  ConfigNode own = root.without(sections);
  std::erase_if(own.entries, [&](const ConfigEntry& entry) {
    if (std::ranges::find(known, entry.key) != known.end()) return false;
    std::string message = concat("unknown section '", entry.key, "'");
    if (std::string near = nearest(entry.key, known); !near.empty()) message += concat(", did you mean '", near, "'?");
    complain(problems, entry.mark, entry.key, std::move(message));
    return true;
  });

  Settings settings = daemon_part().parse(own, problems);
  for (const ConfigEntry& entry : section_entries(root, "inputs", problems)) {
    InstanceSettings input = read_instance(input_part(), entry.key, entry.value, problems);
    if (input.interval == Duration::zero()) input.interval = settings.interval;
    settings.inputs.push_back(std::move(input));
  }
  for (const ConfigEntry& entry : section_entries(root, "outputs", problems)) {
    settings.outputs.push_back(read_instance(output_part(), entry.key, entry.value, problems));
    settings.outputs.back().interval = settings.interval;
  }
  const auto& pipelines = section_entries(root, "pipelines", problems);
  for (const ConfigEntry& entry : pipelines) settings.pipelines.push_back(read_pipeline(entry, settings, problems));
  for (PipelineSettings& pipeline : settings.pipelines)
    for (InstanceSettings& stage : pipeline.stages) stage.interval = settings.interval;

  if (settings.inputs.empty())
    complain(problems, root.mark, "inputs",
             "there is no input; add one, for example 'interfaces: { plugin: interface }'");
  if (settings.outputs.empty())
    complain(problems, root.mark, "outputs", "there is no output; add one, for example 'history: { plugin: sqlite }'");
  // A section whose entries are all commented out is as good as none.
  if (const ConfigNode* section = root.find("pipelines");
      !section || section->type == ConfigNode::Type::null ||
      (section->type == ConfigNode::Type::map && pipelines.empty())) {
    ConfigEntry whole{"main", root.mark, {}};
    whole.value.path = "pipelines.main";
    settings.pipelines.push_back(read_pipeline(whole, settings, problems));
  }
  return settings;
}

std::vector<OptionDoc> daemon_options() { return daemon_part().docs(); }
std::vector<OptionDoc> input_options() {
  std::vector<OptionDoc> docs = input_part().docs();
  // Zero stands for the daemon's interval; nobody writes it.
  for (OptionDoc& doc : docs)
    if (doc.name == "interval") doc.default_text.clear();
  return docs;
}
std::vector<OptionDoc> stage_options() { return stage_part().docs(); }
std::vector<OptionDoc> output_options() { return output_part().docs(); }
std::vector<OptionDoc> route_options() { return route_part().docs(); }

std::vector<OptionDoc> pipeline_options() {
  std::vector<OptionDoc> docs = pipeline_part().docs();
  docs.push_back(block_doc("stages", "What the samples run through, in this order.", true, stage_options()));
  docs.push_back(block_doc("outputs", "Where they go: names, or maps with `to` and `when`; by default all outputs.",
                           true, route_options()));
  return docs;
}

}  // namespace trafficd
