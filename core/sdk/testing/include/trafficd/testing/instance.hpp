#pragma once
// An instance of a plugin of any kind, with nothing around it: whoever calls it keeps the order of its life.

#include <memory>

#include "trafficd/descriptor.hpp"

namespace trafficd::testing {

class Instance {
 public:
  /// Calls its constructor, and throws what that throws. The host must outlive it.
  Instance(const PluginDescriptor& plugin, const ConfigNode& own_options, Host& host);

  Status open();
  void close();

  /// Empty but for the one that it is.
  const InputInstance& input() const { return input_; }
  Stage* stage() const { return stage_.get(); }
  Output* output() const { return output_.get(); }

 private:
  InputInstance input_;
  std::unique_ptr<Stage> stage_;
  std::unique_ptr<Output> output_;
};

}  // namespace trafficd::testing
