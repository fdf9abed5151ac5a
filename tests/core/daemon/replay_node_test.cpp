#include "daemon/replay/replay_node.hpp"

#include "catch.hpp"

namespace trafficd::replay {

namespace {

std::vector<std::string> keys(const ConfigNode& node) {
  std::vector<std::string> out;
  for (const ConfigEntry& entry : node.entries) out.push_back(entry.key);
  return out;
}

}  // namespace

TEST_CASE("what was not said is left to the plugin") {
  const ConfigNode node = node_of({.files = {"a", "-"}, .max_rows = 99}, {});
  CHECK(keys(node) == std::vector<std::string>{"file", "max_rows"});
  REQUIRE(node.find("file")->items.size() == 2);
  CHECK(node.find("file")->items[1].text == "-");
  CHECK(node.find("file")->items[1].quoted);
  CHECK(node.find("max_rows")->text == "99");
  CHECK_FALSE(node.find("max_rows")->quoted);
}

TEST_CASE("what was said comes under the plugin's names, and faults under ours") {
  NodeOptions options{
      .files = {"no"}, .networks = {"10.0.0.0/8"}, .gateways = {"02:aa:00:00:00:01"}, .filter = "not x"};
  options.remotes.emplace("7");
  options.ports.emplace();
  const Declarations declared{.options = {{.name = "protocols"}}};
  ConfigNode node = node_of(options, declared);
  CHECK(keys(node) == std::vector<std::string>{"file", "max_rows", "filter", "networks", "gateways", "protocols",
                                               "remotes", "max_remotes", "http"});
  CHECK(node.find("networks")->items[0].path == "--networks");
  CHECK(node.find("filter")->path == "--filter");
  CHECK(node.find("http")->type == ConfigNode::Type::map);
  CHECK(node.find("http")->entries.empty());
  options.max_rows = 5'000'000;
  CHECK(node_of(options, declared).find("max_remotes")->text == "1000000");
  options.ports = {"80", "8080"};
  options.protocols = false;
  node = node_of(options, declared);
  CHECK(node.find("protocols") == nullptr);
  REQUIRE(node.find("http")->find("ports"));
  CHECK(node.find("http")->find("ports")->items.size() == 2);
  CHECK(node.find("http")->find("ports")->items[1].text == "8080");
}

TEST_CASE("what is kept of HTTP follows the rows, as far as the plugin knows it and allows it") {
  NodeOptions options{.files = {"no"}, .max_rows = 700};
  options.ports.emplace();
  const auto http = [&](std::vector<OptionDoc> nested) {
    return *node_of(options, {.options = {{.name = "http", .nested = std::move(nested)}}}).find("http");
  };
  CHECK(http({{.name = "ports"}}).entries.empty());
  CHECK(keys(http({{.name = "max_rows"}})) == std::vector<std::string>{"max_rows"});
  const std::vector<OptionDoc> both = {{.name = "max_rows"}, {.name = "max_streams"}};
  CHECK(keys(http(both)) == std::vector<std::string>{"max_streams", "max_rows"});
  CHECK(http(both).find("max_streams")->text == "700");
  CHECK(http(both).find("max_streams")->path == "--max-rows");
  options.max_rows = 5'000'000;
  CHECK(http(both).find("max_rows")->text == "1000000");
}

}  // namespace trafficd::replay
