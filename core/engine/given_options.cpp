#include "engine/given_options.hpp"

#include <cstdlib>

#include "engine/file_look.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

void look_at(Catalog& catalog, PluginType type, InstanceSettings& instance) {
  const auto plugin = catalog.find(type, instance.plugin);
  if (!plugin) return;
  instance.secret_files.clear();
  visit_given((*plugin)->declared.options, instance.node, [&](const OptionDoc& option, const ConfigNode& node) {
    if (option.type != OptionDoc::Type::secret) return;
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    // Whoever turns secrets over often only turns a link.
    if (const ConfigNode* file = node.find("file")) instance.secret_files += look_of(file->text);
    if (const ConfigNode* name = node.find("credential"); name && folder)
      instance.secret_files += look_of(concat(folder, "/", name->text));
  });
}

}  // namespace

void visit_given(const std::vector<OptionDoc>& options, const ConfigNode& node,
                 const std::function<void(const OptionDoc&, const ConfigNode&)>& visitor) {
  for (const OptionDoc& option : options) {
    const ConfigNode* given = node.find(option.name);
    if (!given) continue;
    for (const ConfigNode& each : option.list ? detail::sequence_items(*given) : std::vector<ConfigNode>{*given}) {
      if (option.type == OptionDoc::Type::block)
        visit_given(option.nested, each, visitor);
      else
        visitor(option, each);
    }
  }
}

Settings with_secret_files(Catalog& catalog, Settings settings) {
  for (InstanceSettings& input : settings.inputs) look_at(catalog, PluginType::input, input);
  for (OutputSettings& output : settings.outputs) look_at(catalog, PluginType::output, output);
  for (PipelineSettings& pipeline : settings.pipelines)
    for (InstanceSettings& stage : pipeline.stages) look_at(catalog, PluginType::stage, stage);
  return settings;
}

}  // namespace trafficd
