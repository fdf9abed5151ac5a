#include "instance.hpp"

#include "engine/config_file.hpp"
#include "engine/settings.hpp"

namespace trafficd::contract {

ConfigNode own_options(const std::string& yaml) {
  Problems problems;
  ConfigNode node = parse_config(yaml, "test.yaml", problems);
  if (!problems.empty()) throw ConfigError(std::move(problems));
  for (const auto& part : {input_options(), stage_options(), output_options()})
    for (const OptionDoc& option : part) node = node.without({option.name});
  node.type = ConfigNode::Type::map;
  return node;
}

Instance::Instance(const PluginDescriptor& plugin, const ConfigNode& node, Host& host) {
  switch (plugin.type) {
    case PluginType::input: input_ = plugin.make_input(node, host); break;
    case PluginType::stage: stage_ = plugin.make_stage(node, host); break;
    case PluginType::output: output_ = plugin.make_output(node, host); break;
  }
}

Status Instance::open() {
  if (stage_) return stage_->open();
  if (output_) return output_->open();
  return std::visit([](const auto& input) { return input->open(); }, input_);
}

void Instance::close() {
  if (stage_)
    stage_->close();
  else if (output_)
    output_->close();
  else
    std::visit([](const auto& input) { input->close(); }, input_);
}

}  // namespace trafficd::contract
