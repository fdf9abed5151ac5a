#include "trafficd/testing/instance.hpp"

namespace trafficd::testing {

Instance::Instance(const PluginDescriptor& plugin, const ConfigNode& own_options, Host& host) {
  switch (plugin.type) {
    case PluginType::input: input_ = plugin.make_input(own_options, host); break;
    case PluginType::stage: stage_ = plugin.make_stage(own_options, host); break;
    case PluginType::output: output_ = plugin.make_output(own_options, host); break;
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

}  // namespace trafficd::testing
