#include "engine/catalog.hpp"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/library_info.hpp>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "trafficd/entry.hpp"

namespace trafficd {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view marker = TRAFFICD_TEXT(TRAFFICD_MARKER);
constexpr PluginType types[] = {PluginType::input, PluginType::stage, PluginType::output};

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
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return concat(path, ": is neither a file nor a folder");
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

/// What is wrong with the library's marker, read from its symbol table without loading it; empty when it is ours.
std::string marker_fault(const fs::path& file) {
  std::vector<std::string> symbols;
  try {
    symbols = boost::dll::library_info(file).symbols();
  } catch (const std::exception& e) {
    return concat(file, ": is not a plugin: its symbols cannot be read: ", e.what());
  }
  std::string other;
  for (const std::string& symbol : symbols) {
    if (symbol == marker) return {};
    if (symbol.starts_with("trafficd_sdk_")) other = symbol;
  }
  if (other.empty()) return concat(file, ": is not a plugin: it lacks the symbol '", marker, "'");
  return concat(file, ": was built for '", other, "', this daemon is '", marker, "'; rebuild the plugin");
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

}  // namespace

Catalog::Catalog(std::vector<fs::path> folders) {
  for (const fs::path& folder : folders)
    for (PluginType type : types) {
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(folder / concat(to_string(type), "s"), error))
        if (entry.path().extension() == ".so") files_.try_emplace({type, entry.path().stem()}, entry.path());
    }
}

void Catalog::add(const PluginDescriptor* descriptor) { loaded_[{descriptor->type, descriptor->name}] = descriptor; }

Result<const PluginDescriptor*> Catalog::find(PluginType type, const std::string& name) {
  if (auto known = loaded_.find({type, name}); known != loaded_.end()) return known->second;
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

  std::error_code error;
  // Without links, which others could turn elsewhere.
  const fs::path file = fs::canonical(found->second, error);
  if (error) return Error{concat(found->second, ": cannot be read: ", error.message())};
  if (std::string fault = path_fault(file); !fault.empty()) return Error{std::move(fault)};
  if (std::string fault = marker_fault(file); !fault.empty()) return Error{std::move(fault)};
  try {
    using boost::dll::load_mode::rtld_local;
    using boost::dll::load_mode::rtld_now;
    boost::dll::shared_library library(file, rtld_now | rtld_local);
    const auto& entry = library.get<const PluginDescriptor*()>("trafficd_plugin_v1");
    const PluginDescriptor* descriptor = entry();
    if (!descriptor) return Error{concat(file, ": gives no descriptor")};
    if (std::string fault = descriptor_fault(*descriptor, type, name, file); !fault.empty())
      return Error{std::move(fault)};
    loaded_libraries().push_back(std::move(library));
    return loaded_[{type, name}] = descriptor;
  } catch (const std::exception& e) {
    return Error{concat(file, ": cannot be loaded: ", e.what())};
  }
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

std::vector<const PluginDescriptor*> Catalog::all(std::vector<std::string>& refusals) {
  std::vector<const PluginDescriptor*> all;
  for (PluginType type : types)
    for (const std::string& name : names(type)) {
      auto descriptor = find(type, name);
      if (descriptor)
        all.push_back(*descriptor);
      else
        refusals.push_back(descriptor.error());
    }
  return all;
}

std::vector<fs::path> default_plugin_folders() {
  const fs::path here = fs::path(boost::dll::program_location()).parent_path();
  return {here / "plugins", here.parent_path() / TRAFFICD_PLUGIN_FOLDER};
}

}  // namespace trafficd
