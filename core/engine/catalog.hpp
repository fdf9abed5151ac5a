#pragma once
// Which plugins there are: name to descriptor. A library is loaded when it is first asked for, so a plugin that is not
// configured costs nothing; it is never unloaded. The only file that knows Boost.DLL.

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/known_plugin.hpp"
#include "engine/making.hpp"

namespace trafficd {

class Catalog {
 public:
  /// Folders that have `inputs`, `stages` and `outputs` below them; those that do not exist are passed over. Of two
  /// libraries of one kind and name the first is taken. In folders that the user `named` that is what the order is for;
  /// among those that are `installed` the second is refused, which `all` tells.
  explicit Catalog(const std::vector<std::filesystem::path>& named,
                   const std::vector<std::filesystem::path>& installed = {});

  /// Adds a plugin that is linked in.
  void add(const PluginDescriptor* descriptor);

  /// Loads the library when needed. The checks, in this order, each refused by one line that names the file: only
  /// their owner can write the file and the folders on the way to it; it is a whole library for this machine; its
  /// symbols, read without loading, hold the marker of our SDK number and build, the entry, and one plugin only; a
  /// child process that loads and asks it lives on, where it is none of those in the first of the `installed` folders
  /// that came with the daemon; it loads; its descriptor fits; its name is the file's name; it says what it declares.
  /// Unknown names come with the nearest known one.
  Result<const KnownPlugin*> find(PluginType type, const std::string& name);

  /// The names of a kind, sorted, without loading anything.
  std::vector<std::string> names(PluginType type) const;

  /// Loads everything; what is refused is told in `refusals`.
  std::vector<const KnownPlugin*> all(std::vector<std::string>& refusals);

  /// What was refused is remembered, for it is asked for many times and may take its time to fail; from now on it is
  /// looked at anew, in case it was mended, and so are the folders. Once `stop_wanted`, nothing is waited for.
  void look_again(StopWanted stop_wanted = [] { return false; });
  /// The files that are others now than those that were loaded for their plugins: their code changes with the next
  /// start.
  std::vector<std::string> outdated() const;

 private:
  using Key = std::pair<PluginType, std::string>;
  void look();
  Result<KnownPlugin> load(PluginType type, const std::string& name, const std::filesystem::path& path);

  // Good ones take milliseconds; once one was refused, the others are looked at to have all faults told at once.
  static constexpr Duration usual_patience = std::chrono::seconds(5), short_patience = std::chrono::seconds(1);

  Duration patience_ = usual_patience;
  StopWanted stop_wanted_ = [] { return false; };
  const std::vector<std::filesystem::path> named_, installed_;
  const std::filesystem::path own_;  // what came with the daemon; empty: nothing
  std::map<Key, std::filesystem::path> files_;
  std::map<Key, std::string> refused_;
  std::vector<std::string> clashes_;
  std::map<Key, KnownPlugin> loaded_;
  std::map<Key, std::string> looks_;  // of the files that were loaded, good or not
};

/// Where plugins are installed: beside the daemon's own file when that stands in a build tree, else below the prefix it
/// was installed to, and below /usr/local, where authors install by default.
std::vector<std::filesystem::path> default_plugin_folders();

}  // namespace trafficd
