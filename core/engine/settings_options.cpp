#include "engine/settings_options.hpp"

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
      .add_choice("log", in<Target>(&InstanceSettings::log), levels,
                  "The least important messages of this instance that are logged.");
}

/// Of what makes series: an output only takes them.
template <class Target>
void add_max_series(Options<Target>& options) {
  options
      .add("max_series", in<Target>(&InstanceSettings::max_series),
           "The most series that the instance may have at once; samples of more are dropped and counted.")
      .range(in<Target>(&InstanceSettings::max_series), 1, 10'000'000);
}

/// What inputs and outputs have and stages do not: a pipeline without one of its stages would be wrong, so it waits.
template <class Target>
Options<Target> endpoint_part() {
  return instance_part<Target>("Which plugin this is; by default the one that has the instance's name.")
      .add_choice("on_start_error", in<Target>(&InstanceSettings::on_start_error),
                  {{"retry", StartError::retry}, {"exit", StartError::exit}},
                  "What happens when the instance cannot start: try again later, or end the daemon.");
}

OptionDoc block_doc(std::string name, std::string help, bool list, std::vector<OptionDoc> nested) {
  OptionDoc doc;
  doc.name = std::move(name);
  doc.type = OptionDoc::Type::block;
  doc.list = list;
  doc.help = std::move(help);
  doc.nested = std::move(nested);
  return doc;
}

Options<SpoolSettings> spool_part() {
  using Mode = SpoolSettings::Mode;
  return Options<SpoolSettings>{}
      .add_choice(
          "mode", &SpoolSettings::mode,
          {{"auto", Mode::automatic}, {"on_failure", Mode::on_failure}, {"always", Mode::always}, {"off", Mode::off}},
          "When samples go to disk: `on_failure` what a failing or slow output leaves waiting, and what is left "
          "at a stop; `always` all before the first try, so that even a kill loses none; `off` never; `auto` is "
          "`on_failure`, but `off` where old samples are of no use (stdout).")
      .add("max_size", &SpoolSettings::max_size,
           "The most that waits on disk; above that it is thinned, the oldest first, totals last.")
      .range(&SpoolSettings::max_size, ByteSize{1ULL << 20}, ByteSize{1ULL << 40})
      .add("max_age", &SpoolSettings::max_age, "What waited there for longer is not delivered any more; 0s: no limit.");
}

}  // namespace

Options<InputSettings> input_part() {
  Options<InputSettings> options = endpoint_part<InputSettings>();
  add_max_series(options);
  return options
      .add("interval", &InputSettings::own_interval,
           "The pause between two samples; aligned to the clock; by default the daemon's `interval`.")
      .range(&InputSettings::own_interval, 10ms, 24h)
      .add("tags", in<InputSettings>(&InstanceSettings::tags),
           "Attributes that are added to every series of this instance.")
      .check([](const InputSettings& input) { return tag_name_fault(input.tags); });
}

Options<StageSettings> stage_part() {
  Options<StageSettings> options = instance_part<StageSettings>("Which plugin this is; must be given.");
  add_max_series(options);
  return options.add("id", in<StageSettings>(&InstanceSettings::id),
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
      .range(&OutputSettings::queue, 100, 100'000'000)
      .add_block("spool", &OutputSettings::spool, spool_part(), "What of this output waits on disk.");
}

Options<RouteFields> route_part() {
  return Options<RouteFields>{}
      .add("to", &RouteFields::to, "The output.")
      .required()
      .add_block(
          "when", &RouteFields::when,
          Options<WhenFields>{}
              .add("measurement", &WhenFields::measurement, "Measurements that pass: names with `*`, `?`, `[…]`.")
              .patterns(OptionDoc::Fits::measurement)
              .not_empty()
              .add("tags", &WhenFields::tags, "Tags that a series must have: name and pattern.")
              .patterns(OptionDoc::Fits::anything),
          "What passes to this output; everything when left out.");
}

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
           "Further folders with plugins, searched first; each has `inputs`, `stages` and `outputs` below it. A "
           "relative "
           "one is looked for beside the configuration file.")
      .add_choice("log", &Settings::log, levels, "The least important messages that are logged.");
}

std::vector<OptionDoc> daemon_options() { return daemon_part().docs(); }
std::vector<OptionDoc> input_options() { return input_part().docs(); }
std::vector<OptionDoc> stage_options() { return stage_part().docs(); }
std::vector<OptionDoc> output_options() { return output_part().docs(); }
std::vector<OptionDoc> instance_options(PluginType type) {
  switch (type) {
    case PluginType::input: return input_options();
    case PluginType::stage: return stage_options();
    case PluginType::output: break;
  }
  return output_options();
}
std::vector<OptionDoc> route_options() { return route_part().docs(); }

std::vector<OptionDoc> pipeline_options() {
  std::vector<OptionDoc> docs = pipeline_part().docs();
  docs.push_back(block_doc("stages", "What the samples run through, in this order.", true, stage_options()));
  docs.push_back(block_doc("outputs", "Where they go: names, or maps with `to` and `when`; by default all outputs.",
                           true, route_options()));
  return docs;
}

}  // namespace trafficd
