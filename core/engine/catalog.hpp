#pragma once
// Which plugins there are: name to descriptor. A library is loaded when it is first asked for, so a plugin that is not
// configured costs nothing; it is never unloaded. The only file that knows Boost.DLL.

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "trafficd/descriptor.hpp"

namespace trafficd {

class Catalog {
 public:
  /// Folders that have `inputs`, `stages` and `outputs` below them; an earlier one wins. Folders that do not exist are
  /// passed over.
  explicit Catalog(std::vector<std::filesystem::path> folders);

  /// Adds a plugin that is linked in.
  void add(const PluginDescriptor* descriptor);

  /// Loads the library when needed. The checks, in this order, each refused by one line that names the file: only
  /// their owner can write the file and the folders on the way to it; its symbols, read without loading, hold the
  /// marker of our SDK number and build; it loads; its descriptor fits; its name is the file's name. Unknown names come
  /// with the nearest known one.
  Result<const PluginDescriptor*> find(PluginType type, const std::string& name);

  /// The names of a kind, sorted, without loading anything.
  std::vector<std::string> names(PluginType type) const;

  /// Loads everything; what is refused is told in `refusals`.
  std::vector<const PluginDescriptor*> all(std::vector<std::string>& refusals);

 private:
  using Key = std::pair<PluginType, std::string>;
  std::map<Key, std::filesystem::path> files_;
  std::map<Key, const PluginDescriptor*> loaded_;
};

/// Where plugins are looked for when nothing else is said: beside the daemon's own file (a build tree), then below the
/// library folder it was installed to.
std::vector<std::filesystem::path> default_plugin_folders();

}  // namespace trafficd
