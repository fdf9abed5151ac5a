#pragma once
// One node of a configuration file, as a plain value, with its place: a plugin sees the configuration without the YAML
// library.

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace trafficd {

/// A place in a configuration file; line and column count from 1, 0 where there is none.
struct Mark {
  std::string file;
  int line = 0;
  int column = 0;
};

struct ConfigEntry;

struct ConfigNode {
  enum class Type : unsigned char { null, scalar, sequence, map };
  Type type = Type::null;
  std::string text;                       ///< of a scalar, environment references replaced
  bool quoted = false;                    ///< the scalar stood in quotes, so it is text whatever it looks like
  bool faulty = false;                    ///< already complained of while the file was read; nobody complains again
  bool from_environment = false;          ///< references to the environment were replaced in the text
  Mark mark;                              ///< where the value begins
  std::string path;                       ///< `inputs.lan.snaplen`, `pipelines.main.stages[1].fields`
  std::vector<ConfigNode> items;          ///< of a sequence
  std::vector<ConfigEntry> entries;       ///< of a map, in file order, keys unique
  std::vector<std::string> also_known{};  ///< of a map: options that others read and took out of it

  /// The value under `key` of a map, or nullptr.
  const ConfigNode* find(std::string_view key) const;
  /// A copy of this map that lacks the given keys, and knows that they belong here.
  ConfigNode without(const std::vector<std::string>& keys) const;
};

struct ConfigEntry {
  std::string key;
  Mark mark;  ///< where the key stands
  ConfigNode value;
};

/// One fault of a configuration: where, which option, what is wrong and what to do.
struct Problem {
  Mark mark;
  std::string path;
  std::string message;
  /// `file:line:column: path: message`
  std::string text() const;
};
using Problems = std::vector<Problem>;

/// Thrown by constructors of plugins, with every fault that they found.
class __attribute__((visibility("default"))) ConfigError : public std::exception {
 public:
  explicit ConfigError(Problems problems);
  ConfigError(const ConfigNode& node, std::string message);
  const Problems& problems() const { return problems_; }
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  Problems problems_;
  std::string what_;
};

/// The candidate nearest to `word` when it is near enough to be a slip, else empty: for "did you mean".
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace trafficd
