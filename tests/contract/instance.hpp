#pragma once
// An instance without the bench around it, which would open and close it in the right order: the rules on its life want
// to do that themselves.

#include "trafficd/config_node.hpp"
#include "trafficd/descriptor.hpp"

namespace trafficd::contract {

/// The plugin's own options of a block, as its constructor gets them.
ConfigNode own_options(const std::string& yaml);

class Instance {
 public:
  Instance(const PluginDescriptor& plugin, const ConfigNode& node, Host& host);
  Status open();
  void close();

 private:
  InputInstance input_;
  std::unique_ptr<Stage> stage_;
  std::unique_ptr<Output> output_;
};

}  // namespace trafficd::contract
