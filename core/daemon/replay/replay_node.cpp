#include "daemon/replay/replay_node.hpp"

#include <algorithm>

namespace trafficd::replay {

namespace {

using Type = ConfigNode::Type;

/// The plugin's bound, of addresses in the internet and of all that it keeps of HTTP.
constexpr std::uint64_t most_places = 1'000'000;

const OptionDoc* find(const std::vector<OptionDoc>& options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &OptionDoc::name);
  return found == options.end() ? nullptr : &*found;
}

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

void add(ConfigNode& map, const char* key, ConfigNode value) { map.entries.push_back({key, {}, std::move(value)}); }

ConfigNode http_node(const std::vector<std::string>& ports, const ConfigNode& places, const OptionDoc* declared) {
  ConfigNode http;
  http.type = Type::map;
  http.path = "--http";
  if (!ports.empty()) add(http, "ports", sequence("--http", ports, false));
  for (const char* each : {"max_streams", "max_rows"})
    if (declared != nullptr && find(declared->nested, each) != nullptr) add(http, each, places);
  return http;
}

}  // namespace

ConfigNode node_of(const NodeOptions& options, const Declarations& declared) {
  ConfigNode node;
  node.type = Type::map;
  const ConfigNode places = scalar("--max-rows", std::to_string(std::min(options.max_rows, most_places)), false);
  add(node, "file", sequence("FILE", options.files, true));
  add(node, "max_rows", scalar("--max-rows", std::to_string(options.max_rows), false));
  if (!options.filter.empty()) add(node, "filter", scalar("--filter", options.filter, true));
  if (!options.networks.empty()) add(node, "networks", sequence("--networks", options.networks, false));
  if (!options.gateways.empty()) add(node, "gateways", sequence("--gateways", options.gateways, true));
  if (options.protocols && find(declared.options, "protocols") != nullptr)
    add(node, "protocols", scalar("protocols", "yes", false));
  if (options.remotes) {
    add(node, "remotes", scalar("--remotes", *options.remotes, false));
    add(node, "max_remotes", places);
  }
  if (options.ports) add(node, "http", http_node(*options.ports, places, find(declared.options, "http")));
  return node;
}

}  // namespace trafficd::replay
