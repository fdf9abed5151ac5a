// Any bytes as a configuration file: the reader answers with nodes or problems and stays within its limits; the typed
// options take whatever nodes come out.

#include <string>

#include "engine/config_file.hpp"
#include "require.hpp"
#include "trafficd/options.hpp"

using namespace trafficd;

namespace {

struct Inner {
  std::string name;
  Network network;
};

struct Config {
  bool flag = false;
  int count = 1;
  double ratio = 1;
  std::string text;
  Duration pause{};
  ByteSize size;
  Secret secret;
  Tags tags;
  std::vector<std::string> list;
  Inner inner;
  std::vector<Inner> inners;
};

const Options<Config>& options() {
  static const auto inner =
      Options<Inner>{}.add("name", &Inner::name, "Name.").required().add("network", &Inner::network, "Network.");
  static const auto all = Options<Config>{}
                              .add("flag", &Config::flag, "Flag.")
                              .add("count", &Config::count, "Count.")
                              .range(&Config::count, 1, 10)
                              .add("ratio", &Config::ratio, "Ratio.")
                              .add("text", &Config::text, "Text.")
                              .add("pause", &Config::pause, "Pause.")
                              .add("size", &Config::size, "Size.")
                              .add("secret", &Config::secret, "Secret.")
                              .add("tags", &Config::tags, "Tags.")
                              .add("list", &Config::list, "List.")
                              .add_block("inner", &Config::inner, inner, "Inner.")
                              .add_list("inners", &Config::inners, inner, "Inners.");
  return all;
}

std::optional<std::string> environment(const std::string& name) {
  if (name == "A") return "a: {b";
  if (name == "E") return "";
  return std::nullopt;
}

struct Totals {
  std::size_t nodes = 0, bytes = 0;
};

void walk(const ConfigNode& node, std::size_t depth, Totals& totals) {
  FUZZ_REQUIRE(depth <= ConfigLimits::depth + 1);
  FUZZ_REQUIRE(++totals.nodes <= ConfigLimits::nodes);
  totals.bytes += node.text.size() + node.path.size();
  FUZZ_REQUIRE(totals.bytes <= ConfigLimits::total_size);
  FUZZ_REQUIRE(node.type == ConfigNode::Type::scalar || node.text.empty());
  FUZZ_REQUIRE(node.type == ConfigNode::Type::sequence || node.items.empty());
  FUZZ_REQUIRE(node.type == ConfigNode::Type::map || node.entries.empty());
  for (const ConfigNode& item : node.items) walk(item, depth + 1, totals);
  for (const ConfigEntry& entry : node.entries) {
    FUZZ_REQUIRE(!entry.key.empty() && entry.key.size() <= ConfigLimits::key_size);
    FUZZ_REQUIRE(node.find(entry.key) == &entry.value);
    walk(entry.value, depth + 1, totals);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  Problems problems;
  const ConfigNode root = parse_config(text, "fuzz.yaml", problems, environment);
  Totals totals;
  walk(root, 1, totals);
  options().parse(root, problems);
  for (const Problem& problem : problems) {
    FUZZ_REQUIRE(!problem.message.empty());
    // One line, that a terminal can be shown.
    for (const char c : problem.text()) FUZZ_REQUIRE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
  return 0;
}
