#include "engine/catalog.hpp"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/library_info.hpp>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "engine/file_look.hpp"
#include "engine/guard.hpp"
#include "engine/library_form.hpp"
#include "engine/load_trial.hpp"
#include "engine/nonsense.hpp"
#include "trafficd/entry.hpp"

namespace trafficd {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view marker = TRAFFICD_TEXT(TRAFFICD_MARKER), marker_prefix = "trafficd_sdk_";
constexpr const char* entry_name = "trafficd_plugin_v1";
constexpr PluginType types[] = {PluginType::input, PluginType::stage, PluginType::output};
const auto load_mode = boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local;

/// Whether it came with the daemon.
bool is_shipped(PluginType type, const std::string& name) {
  return concat(' ', TRAFFICD_SHIPPED_PLUGINS, ' ').find(concat(' ', to_string(type), "s/", name, ' ')) !=
         std::string::npos;
}

/// Never destroyed: code of a plugin may still be needed while the process ends.
std::deque<boost::dll::shared_library>& loaded_libraries() {
  static auto* libraries = new std::deque<boost::dll::shared_library>;
  return *libraries;
}

/// Why others could put something else at this path, or nothing. `passage` is a folder that only leads to the plugin's:
/// there the sticky bit, as of /tmp, is enough, because it keeps others from renaming what is not theirs.
std::string changeable_by_others(const fs::path& path, bool passage) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0)
    return concat(path, ": cannot be read: ", std::generic_category().message(errno));
  const bool sticky = passage && (info.st_mode & S_ISVTX) != 0;
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky)
    return concat(path, ": others than its owner can write it, so no plugin is loaded from there; 'chmod go-w' it");
  if (info.st_uid != 0 && info.st_uid != geteuid())
    return concat(path,
                  ": belongs to another user, so no plugin is loaded from there; it must belong to root or this user");
  return {};
}

/// Loading code is a right: whoever can write the file, or any folder on the way to it, would have it. From the root
/// down, a folder that passed keeps others from exchanging what stands below it; so what was checked is what is loaded.
/// Folders that the daemon's own file stands below too are passed over: who can write those can exchange the daemon,
/// and a source tree of one user may be built and tried by root.
std::string path_fault(const fs::path& file) {
  const fs::path daemon = fs::path(boost::dll::program_location());
  fs::path path;
  bool shared = true;
  auto own = daemon.begin();
  for (auto part = file.begin(); part != file.end(); ++part) {
    path /= *part;
    shared = shared && own != daemon.end() && *own++ == *part;
    const bool passage = path != file && path != file.parent_path();
    if (shared) continue;
    if (std::string fault = changeable_by_others(path, passage); !fault.empty()) return fault;
  }
  return {};
}

/// `SDK 1, build gcc_cxx11_plain`, of a marker.
std::string told(std::string_view name) {
  name.remove_prefix(marker_prefix.size());
  const std::size_t end = std::min(name.find('_'), name.size());
  return concat("SDK ", name.substr(0, end), ", build ", name.substr(std::min(end + 1, name.size())));
}

/// A list with commas of what `tell` says of the symbols; empty unless there are several.
std::string several(const std::vector<std::string>& symbols, auto&& tell) {
  std::string list;
  int count = 0;
  for (const std::string& symbol : symbols)
    if (const std::string each = tell(symbol); !each.empty()) list += concat(count++ == 0 ? "" : ", ", each);
  return count > 1 ? list : "";
}

/// `input 'wifi'`, of the symbol of a descriptor; empty for others.
std::string plugin_told(const std::string& symbol) {
  for (PluginType type : types)
    if (const std::string prefix = concat("trafficd_", to_string(type), '_'); symbol.starts_with(prefix))
      return concat(to_string(type), " '", printable(symbol.substr(prefix.size())), "'");
  return {};
}

/// What the library's symbols, read without loading it, say against it; empty when nothing.
std::string symbols_fault(const fs::path& file) {
  std::vector<std::string> symbols;
  try {
    symbols = boost::dll::library_info(file).symbols();
  } catch (const std::exception& e) {
    return concat(file, ": is not a plugin: its symbols cannot be read: ", e.what());
  }
  const auto is_marker = [](const std::string& symbol) { return symbol.starts_with(marker_prefix); };
  const auto other = std::ranges::find_if(symbols, is_marker);
  if (other == symbols.end())
    return concat(file, ": is not a plugin: it lacks the symbol '", marker, "'; build it with trafficd_add_plugin");
  if (const std::string markers = several(
          symbols, [&](const std::string& each) { return is_marker(each) ? told(printable(each)) : std::string(); });
      !markers.empty())
    return concat(file, ": its parts were built for different trafficds (", markers, "); this daemon has ",
                  told(marker), ": rebuild all of it");
  if (*other != marker)
    return concat(file, ": was built for ", told(printable(*other)), "; this daemon has ", told(marker),
                  ": rebuild the plugin against it");
  if (std::ranges::find(symbols, entry_name) == symbols.end())
    return concat(file, ": lacks the symbol '", entry_name, "'; build it with trafficd_add_plugin");
  if (const std::string plugins = several(symbols, plugin_told); !plugins.empty())
    return concat(file, ": holds several plugins (", plugins,
                  "), and a library is one plugin; build each by a trafficd_add_plugin of its own");
  return {};
}

/// What the loader said, without the words that Boost puts around it.
std::string_view loader_words(std::string_view text, const std::string& file) {
  constexpr std::string_view before = "dlerror system message: ";
  const std::size_t begin = text.find(before), end = text.rfind(')');
  if (begin == text.npos || end == text.npos || end < begin + before.size()) return text;
  text = text.substr(begin + before.size(), end - begin - before.size());
  if (text.starts_with(file + ": ")) text.remove_prefix(file.size() + 2);
  return text;
}

std::string descriptor_fault(const PluginDescriptor& d, PluginType type, const std::string& name,
                             const fs::path& file) {
  if (d.size != sizeof(PluginDescriptor) || d.sdk != TRAFFICD_SDK)
    return concat(file, ": its descriptor has ", d.size, " bytes and SDK ", d.sdk, ", this daemon's has ",
                  sizeof(PluginDescriptor), " bytes and SDK ", TRAFFICD_SDK, "; rebuild the plugin");
  if (!d.name || !d.help || !d.declare || (d.make_input != nullptr) != (d.type == PluginType::input) ||
      (d.make_stage != nullptr) != (d.type == PluginType::stage) ||
      (d.make_output != nullptr) != (d.type == PluginType::output))
    return concat(file,
                  ": its descriptor is not complete; make it with TRAFFICD_INPUT, TRAFFICD_STAGE or TRAFFICD_OUTPUT");
  if (d.type != type)
    return concat(file, ": is of the kind '", to_string(d.type), "'; move it to the folder '", to_string(d.type), "s'");
  if (d.name != name) return concat(file, ": calls itself '", d.name, "'; file and plugin must have the same name");
  return {};
}

/// What a library says of itself, or a fault.
Result<KnownPlugin> ask(const boost::dll::shared_library& library, PluginType type, const std::string& name,
                        const fs::path& file) {
  const PluginDescriptor* const descriptor = library.get<const PluginDescriptor*()>(entry_name)();
  if (!descriptor) return Error{concat(file, ": gives no descriptor")};
  if (std::string fault = descriptor_fault(*descriptor, type, name, file); !fault.empty())
    return Error{std::move(fault)};
  KnownPlugin plugin(*descriptor);
  for (const MeasurementPtr& measurement : plugin.declared.measurements)
    if (const std::string why = shape_fault(measurement.get()); !why.empty())
      return Error{concat(file, ": declares a measurement that cannot be one: ", why)};
  return plugin;
}

/// Empty where there is no such folder.
fs::path without_links(const fs::path& folder) {
  std::error_code error;
  return fs::canonical(folder, error);
}

/// Why there is no file behind a path.
std::string missing(const fs::path& path, const std::error_code& error) {
  std::error_code no_link;
  const fs::path target = fs::read_symlink(path, no_link);
  if (no_link || error != std::errc::no_such_file_or_directory)
    return concat(path, ": cannot be read: ", error.message());
  return concat(path, ": is a link to ", target, ", which is not there; remove it, or put the library there");
}

}  // namespace

Catalog::Catalog(const std::vector<fs::path>& named, const std::vector<fs::path>& installed)
    : named_(named), installed_(installed), own_(installed.empty() ? fs::path() : without_links(installed.front())) {
  look();
}

void Catalog::look() {
  files_.clear();
  clashes_.clear();
  const auto look = [](const fs::path& folder, auto&& take) {
    for (PluginType type : types) {
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(folder / concat(to_string(type), "s"), error))
        if (entry.path().extension() == ".so") take(Key{type, entry.path().stem()}, entry.path());
    }
  };
  for (const fs::path& folder : named_)
    look(folder, [this](const Key& key, const fs::path& file) { files_.try_emplace(key, file); });
  const auto own = files_;
  for (const fs::path& folder : installed_)
    look(folder, [&](const Key& key, const fs::path& file) {
      const fs::path& first = files_.try_emplace(key, file).first->second;
      // One folder may have two names.
      std::error_code error;
      if (!own.contains(key) && !fs::equivalent(first, file, error))
        clashes_.push_back(concat(file, ": the name is taken: ", first, " is the ", to_string(key.first), " plugin '",
                                  key.second, "'; rename or remove one, or put a folder first with plugin_path"));
    });
}

void Catalog::look_again(StopWanted stop_wanted) {
  refused_.clear();
  patience_ = usual_patience;
  stop_wanted_ = std::move(stop_wanted);
  look();
}

std::vector<std::string> Catalog::outdated() const {
  std::vector<std::string> all;
  for (const auto& [key, look] : looks_)
    if (const auto now = files_.find(key); now != files_.end() && look_of(now->second) != look)
      all.push_back(now->second);
  return all;
}

void Catalog::add(const PluginDescriptor* descriptor) {
  loaded_.try_emplace({descriptor->type, descriptor->name}, *descriptor);
}

Result<const KnownPlugin*> Catalog::find(PluginType type, const std::string& name) {
  if (auto known = loaded_.find({type, name}); known != loaded_.end()) return &known->second;
  const auto found = files_.find({type, name});
  if (found == files_.end()) {
    std::string message = concat("there is no ", to_string(type), " plugin '", name, "'");
    const std::vector<std::string> known = names(type);
    if (std::string near = nearest(name, known); !near.empty())
      return Error{concat(message, ", did you mean '", near, "'?")};
    message += "; there are:";
    for (const std::string& each : known) message += concat(' ', each);
    return Error{known.empty() ? concat(message, " none") : message};
  }

  if (auto known = refused_.find({type, name}); known != refused_.end()) return Error{known->second};
  auto plugin = load(type, name, found->second);
  if (plugin) return &loaded_.try_emplace({type, name}, std::move(*plugin)).first->second;
  refused_[{type, name}] = plugin.error();
  return Error{plugin.error()};
}

Result<KnownPlugin> Catalog::load(PluginType type, const std::string& name, const fs::path& path) {
  // The loader would give what it has under this name, whatever the file is by now.
  if (const auto known = looks_.find({type, name}); known != looks_.end() && look_of(path) != known->second)
    return Error{concat(path, ": is another file than the one that was loaded; start the daemon again to take it")};
  const std::string look = look_of(path);
  std::error_code error;
  // Without links, which others could turn elsewhere.
  const fs::path file = fs::canonical(path, error);
  if (error) return Error{missing(path, error)};
  for (const auto& fault : {path_fault, form_fault, symbols_fault})
    if (std::string found = fault(file); !found.empty()) return Error{std::move(found)};
  if (own_.empty() || file.parent_path().parent_path() != own_ || !is_shipped(type, name)) {
    const auto try_it = [&] {
      std::error_code failed;
      // Not unloaded: that too is its code.
      const auto* const library = new boost::dll::shared_library(file, failed, load_mode);
      static_cast<void>(guarded([&] { return static_cast<void>(ask(*library, type, name, file)), Status::ok(); }));
    };
    const Duration patience = std::exchange(patience_, short_patience);
    if (const std::string fault = load_trial_fault(try_it, patience, stop_wanted_); !fault.empty())
      return Error{concat(file, ": ", fault)};
    patience_ = patience;
  }
  boost::dll::shared_library& library = loaded_libraries().emplace_back();
  try {
    library.load(file, load_mode);
    looks_[{type, name}] = look;
  } catch (const std::exception& e) {
    return Error{concat(file, ": cannot be loaded: ", loader_words(e.what(), file.string()))};
  }
  std::optional<Result<KnownPlugin>> plugin;
  const Status asked = guarded([&] {
    plugin = ask(library, type, name, file);
    return Status::ok();
  });
  if (!asked) return Error{concat(file, ": cannot say what it declares: ", asked.message())};
  return std::move(*plugin);
}

std::vector<std::string> Catalog::names(PluginType type) const {
  std::vector<std::string> names;
  for (const auto& [key, file] : files_)
    if (key.first == type) names.push_back(key.second);
  for (const auto& [key, descriptor] : loaded_)
    if (key.first == type && !files_.contains(key)) names.push_back(key.second);
  std::ranges::sort(names);
  return names;
}

std::vector<const KnownPlugin*> Catalog::all(std::vector<std::string>& refusals) {
  std::vector<const KnownPlugin*> all;
  refusals.insert(refusals.end(), clashes_.begin(), clashes_.end());
  for (PluginType type : types)
    for (const std::string& name : names(type)) {
      auto plugin = find(type, name);
      if (plugin)
        all.push_back(*plugin);
      else
        refusals.push_back(plugin.error());
    }
  return all;
}

std::vector<fs::path> default_plugin_folders() {
  const fs::path here = fs::path(boost::dll::program_location()).parent_path();
  // A build tree is on its own: what is installed beside it may be of another version.
  if (std::error_code error; fs::is_directory(here / "plugins", error)) return {here / "plugins"};
  return {here.parent_path() / TRAFFICD_PLUGIN_FOLDER, fs::path("/usr/local") / TRAFFICD_PLUGIN_FOLDER};
}

}  // namespace trafficd
