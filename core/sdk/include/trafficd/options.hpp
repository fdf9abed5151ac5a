#pragma once
// One line per option gives parsing, the default, the check, the help, the documentation and the error message.
//
//   struct Config { std::string interface; int snaplen = 96; Duration idle = 60s; };
//   Options<Config> options() {
//     return Options<Config>{}
//         .add("interface", &Config::interface, "Interface to watch.").required()
//         .add("snaplen", &Config::snaplen, "Bytes kept of each packet.").range(&Config::snaplen, 64, 65535)
//         .add("idle", &Config::idle, "A flow is dropped after so long.").range(&Config::idle, 1s, 1h);
//   }

#include <algorithm>
#include <cassert>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "trafficd/config_node.hpp"
#include "trafficd/series.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

/// What is known of an option without any configuration: for `describe`, the schema and the READMEs.
struct OptionDoc {
  enum class Type : unsigned char { boolean, integer, real, text, duration, size, network, secret, tags, block };
  std::string name;
  Type type = Type::text;
  bool list = false;  ///< a sequence of `type`
  bool required = false;
  std::string default_text;  ///< as one would write it in YAML; empty when there is none
  std::string help;
  std::vector<std::string> choices;
  std::optional<std::string> minimum, maximum;
  bool existing_path = false;  ///< a file or folder that must be there
  bool unique = false;         ///< no two instances of the plugin may have the same
  enum class Fits : unsigned char { nothing, anything, measurement, counter };
  Fits fits = Fits::nothing;      ///< what it holds patterns for, with `*`, `?`, `[…]`
  std::vector<OptionDoc> nested;  ///< of a block
};
std::string type_name(const OptionDoc& doc);

namespace detail {

/// How one C++ type is read and printed. `read` answers an error message, empty when it went well.
template <class V>
struct OptionCodec;

#define TRAFFICD_SCALAR_CODEC(V, KIND)                             \
  template <>                                                      \
  struct OptionCodec<V> {                                          \
    static constexpr OptionDoc::Type type = OptionDoc::Type::KIND; \
    static constexpr bool list = false;                            \
    static std::string read(const ConfigNode& node, V& value);     \
    static std::string print(const V& value);                      \
  };
TRAFFICD_SCALAR_CODEC(bool, boolean)
TRAFFICD_SCALAR_CODEC(int, integer)
TRAFFICD_SCALAR_CODEC(std::int64_t, integer)
TRAFFICD_SCALAR_CODEC(std::uint64_t, integer)
TRAFFICD_SCALAR_CODEC(double, real)
TRAFFICD_SCALAR_CODEC(std::string, text)
TRAFFICD_SCALAR_CODEC(Duration, duration)
TRAFFICD_SCALAR_CODEC(ByteSize, size)
TRAFFICD_SCALAR_CODEC(Network, network)
TRAFFICD_SCALAR_CODEC(Secret, secret)
TRAFFICD_SCALAR_CODEC(Tags, tags)
#undef TRAFFICD_SCALAR_CODEC

/// What may be left out without having a default.
template <class V>
struct OptionCodec<std::optional<V>> {
  static constexpr OptionDoc::Type type = OptionCodec<V>::type;
  static constexpr bool list = false;
  static std::string read(const ConfigNode& node, std::optional<V>& value) {
    return OptionCodec<V>::read(node, value.emplace());
  }
  static std::string print(const std::optional<V>& value) { return value ? OptionCodec<V>::print(*value) : ""; }
};

struct OptionItem {
  OptionDoc doc;
  /// Reads into the config object behind the pointer; adds every fault it finds.
  std::function<void(const ConfigNode&, void*, Problems&)> read;
  /// What is wrong with the config object once all is read, or empty. Not asked when the option itself was bad or is
  /// required and missing.
  std::function<std::string(const void*)> check;
};

/// Reads a map by its items: unknown keys with "did you mean", missing required ones at the block.
void read_block(const std::vector<OptionItem>& items, const ConfigNode& node, void* target, Problems& problems);
/// Checks that the node is a sequence (a lone scalar or map counts as one item) and answers its items.
std::vector<ConfigNode> sequence_items(const ConfigNode& node);
void add_problem(Problems& problems, const ConfigNode& node, std::string message);
void check_patterns(const ConfigNode& node, Problems& problems);
std::string out_of_range(const std::string& minimum, const std::string& maximum);

}  // namespace detail

template <class Config>
class Options {
 public:
  template <class V>
  Options& add(std::string name, V Config::*member, std::string help) {
    return add_one(std::move(name), member, std::move(help));
  }
  /// Tags are one map, not a list of values.
  Options& add(std::string name, Tags Config::*member, std::string help) {
    return add_one(std::move(name), member, std::move(help));
  }

  template <class V>
  Options& add(std::string name, std::vector<V> Config::*member, std::string help) {
    detail::OptionItem item = start(std::move(name), std::move(help));
    item.doc.type = detail::OptionCodec<V>::type;
    item.doc.list = true;
    const Config defaults{};
    for (const V& value : defaults.*member)
      item.doc.default_text += (item.doc.default_text.empty() ? "[" : ", ") + detail::OptionCodec<V>::print(value);
    if (!item.doc.default_text.empty()) item.doc.default_text += "]";
    item.read = [member](const ConfigNode& node, void* target, Problems& problems) {
      std::vector<V> values;
      for (const ConfigNode& each : detail::sequence_items(node)) {
        std::string error = detail::OptionCodec<V>::read(each, values.emplace_back());
        if (!error.empty()) detail::add_problem(problems, each, std::move(error));
      }
      static_cast<Config*>(target)->*member = std::move(values);
    };
    items_.push_back(std::move(item));
    return *this;
  }

  /// A word out of a few, each standing for a value; the first whose value is the default is shown as default.
  template <class V>
  Options& add_choice(std::string name, V Config::*member, std::vector<std::pair<std::string, V>> words,
                      std::string help) {
    detail::OptionItem item = start(std::move(name), std::move(help));
    for (const auto& [word, value] : words) {
      item.doc.choices.push_back(word);
      if (item.doc.default_text.empty() && value == Config{}.*member) item.doc.default_text = word;
    }
    item.read = [member, words, choices = item.doc.choices](const ConfigNode& node, void* target, Problems& problems) {
      for (const auto& [word, value] : words)
        if (node.type == ConfigNode::Type::scalar && node.text == word) {
          static_cast<Config*>(target)->*member = value;
          return;
        }
      std::string message = "must be one of";
      for (const std::string& word : choices) message += (&word == &choices.front() ? " " : ", ") + word;
      if (std::string near = nearest(node.text, choices); !near.empty()) message += "; did you mean '" + near + "'?";
      detail::add_problem(problems, node, std::move(message));
    };
    items_.push_back(std::move(item));
    return *this;
  }

  /// A map with options of its own.
  template <class V>
  Options& add_block(std::string name, V Config::*member, const Options<V>& inner, std::string help) {
    detail::OptionItem item = start(std::move(name), std::move(help));
    item.doc.type = OptionDoc::Type::block;
    item.doc.nested = inner.docs();
    item.read = [member, inner](const ConfigNode& node, void* target, Problems& problems) {
      static_cast<Config*>(target)->*member = inner.parse(node, problems);
    };
    items_.push_back(std::move(item));
    return *this;
  }

  /// A sequence of maps with options of their own.
  template <class V>
  Options& add_list(std::string name, std::vector<V> Config::*member, const Options<V>& inner, std::string help) {
    detail::OptionItem item = start(std::move(name), std::move(help));
    item.doc.type = OptionDoc::Type::block;
    item.doc.list = true;
    item.doc.nested = inner.docs();
    item.read = [member, inner](const ConfigNode& node, void* target, Problems& problems) {
      std::vector<V> values;
      for (const ConfigNode& each : detail::sequence_items(node)) values.push_back(inner.parse(each, problems));
      static_cast<Config*>(target)->*member = std::move(values);
    };
    items_.push_back(std::move(item));
    return *this;
  }

  /// The option added last must be given.
  Options& required() {
    items_.back().doc.required = true;
    items_.back().doc.default_text.clear();
    return *this;
  }

  /// The option added last names a file or folder that must be there; `check` warns when it is not.
  Options& existing_path() {
    items_.back().doc.existing_path = true;
    return *this;
  }

  /// No two instances of the plugin may have the same value of the option added last, a text: a file, a port.
  Options& unique() {
    items_.back().doc.unique = true;
    return *this;
  }

  /// The option added last, texts or tags, holds patterns (`glob_match`). Those for measurements and for counters are
  /// held against what is declared: `check` warns of one that fits nothing.
  Options& patterns(OptionDoc::Fits what) {
    detail::OptionItem& item = items_.back();
    item.doc.fits = what;
    item.read = [read = std::move(item.read)](const ConfigNode& node, void* target, Problems& problems) {
      detail::check_patterns(node, problems);
      read(node, target, problems);
    };
    return *this;
  }

  /// The option added last, a list, must not be given without anything in it: where the default means "all", an empty
  /// list would be taken for "none" by one reader and for "all" by the next.
  Options& not_empty() {
    detail::OptionItem& item = items_.back();
    item.read = [read = std::move(item.read)](const ConfigNode& node, void* target, Problems& problems) {
      if (node.type == ConfigNode::Type::sequence && node.items.empty())
        detail::add_problem(problems, node, "names nothing; put something in, or leave the option out");
      else
        read(node, target, problems);
    };
    return *this;
  }

  /// Bounds of the option added last, both included; numbers, durations (`1s`) or sizes. Only what is given is held
  /// against them, so a default may lie outside (0 for "no limit").
  template <class V, class Low, class High>
  Options& range(V Config::*member, Low low, High high) {
    const V least(low), most(high);
    detail::OptionItem& item = items_.back();
    item.doc.minimum = detail::OptionCodec<V>::print(least);
    item.doc.maximum = detail::OptionCodec<V>::print(most);
    item.read = [member, least, most, read = std::move(item.read),
                 text = detail::out_of_range(*item.doc.minimum, *item.doc.maximum)](const ConfigNode& node,
                                                                                    void* target, Problems& problems) {
      const std::size_t before = problems.size();
      read(node, target, problems);
      const V& value = static_cast<const Config*>(target)->*member;
      if (problems.size() == before && (value < least || most < value)) detail::add_problem(problems, node, text);
    };
    return *this;
  }

  /// Any other check of the option added last, given or not, made when all options are read: answers what is wrong and
  /// what to do, or nothing.
  Options& check(std::function<std::string(const Config&)> test) {
    items_.back().check = [test = std::move(test)](const void* config) {
      return test(*static_cast<const Config*>(config));
    };
    return *this;
  }

  /// Reads a map; every fault is added to `problems`, with its place.
  Config parse(const ConfigNode& node, Problems& problems) const {
    Config config{};
    detail::read_block(items_, node, &config, problems);
    return config;
  }
  /// The same, throwing one ConfigError with all faults: for constructors.
  Config parse(const ConfigNode& node) const {
    Problems problems;
    Config config = parse(node, problems);
    if (!problems.empty()) throw ConfigError(std::move(problems));
    return config;
  }

  std::vector<OptionDoc> docs() const {
    std::vector<OptionDoc> all;
    for (const auto& item : items_) all.push_back(item.doc);
    return all;
  }
  /// The names of all options, for taking them out of a node.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& item : items_) all.push_back(item.doc.name);
    return all;
  }

 private:
  template <class V>
  Options& add_one(std::string name, V Config::*member, std::string help) {
    detail::OptionItem item = start(std::move(name), std::move(help));
    item.doc.type = detail::OptionCodec<V>::type;
    item.doc.default_text = detail::OptionCodec<V>::print(Config{}.*member);
    item.read = [member](const ConfigNode& node, void* target, Problems& problems) {
      std::string error = detail::OptionCodec<V>::read(node, static_cast<Config*>(target)->*member);
      if (!error.empty()) detail::add_problem(problems, node, std::move(error));
    };
    items_.push_back(std::move(item));
    return *this;
  }
  detail::OptionItem start(std::string name, std::string help) {
    assert(std::none_of(items_.begin(), items_.end(), [&](const auto& item) { return item.doc.name == name; }) &&
           "an option is added twice");
    detail::OptionItem item;
    item.doc.name = std::move(name);
    item.doc.help = std::move(help);
    return item;
  }
  std::vector<detail::OptionItem> items_;
};

}  // namespace trafficd
