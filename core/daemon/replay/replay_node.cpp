#include "daemon/replay/replay_node.hpp"

#include <algorithm>

namespace trafficd::replay {

namespace {

using Type = ConfigNode::Type;

/// The plugin's bound.
constexpr std::uint64_t most_remotes = 1'000'000;

ConfigNode scalar(const std::string& flag, const std::string& text, bool quoted) {
  ConfigNode node;
  node.type = Type::scalar;
  node.text = text;
  node.quoted = quoted;
  node.path = flag;
  return node;
}

ConfigNode sequence(const std::string& flag, const std::vector<std::string>& texts, bool quoted) {
  ConfigNode node;
  node.type = Type::sequence;
  node.path = flag;
  for (const std::string& text : texts) node.items.push_back(scalar(flag, text, quoted));
  return node;
}

}  // namespace

ConfigNode node_of(const NodeOptions& options, const Declarations& declared) {
  ConfigNode node;
  node.type = Type::map;
  const auto add = [](ConfigNode& map, const char* key, ConfigNode value) {
    map.entries.push_back({key, {}, std::move(value)});
  };
  add(node, "file", sequence("FILE", options.files, true));
  add(node, "max_rows", scalar("--max-rows", std::to_string(options.max_rows), false));
  if (!options.filter.empty()) add(node, "filter", scalar("--filter", options.filter, true));
  if (!options.networks.empty()) add(node, "networks", sequence("--networks", options.networks, false));
  if (!options.gateways.empty()) add(node, "gateways", sequence("--gateways", options.gateways, true));
  if (options.protocols && std::ranges::count(declared.options, "protocols", &OptionDoc::name) > 0)
    add(node, "protocols", scalar("protocols", "yes", false));
  if (options.remotes) {
    add(node, "remotes", scalar("--remotes", *options.remotes, false));
    add(node, "max_remotes", scalar("--max-rows", std::to_string(std::min(options.max_rows, most_remotes)), false));
  }
  if (options.ports) {
    ConfigNode http;
    http.type = Type::map;
    http.path = "--http";
    if (!options.ports->empty()) add(http, "ports", sequence("--http", *options.ports, false));
    add(node, "http", std::move(http));
  }
  return node;
}

}  // namespace trafficd::replay
