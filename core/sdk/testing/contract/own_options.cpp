#include "own_options.hpp"

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

}  // namespace trafficd::contract
