#include "engine/state_folder.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>

namespace trafficd {

namespace fs = std::filesystem;

Result<fs::path> state_folder(const std::optional<fs::path>& given) {
  if (given && given->empty()) return Error{"--state is empty; name a folder, or leave it out"};
  if (given) return *given;
  // systemd puts a colon-separated list here; the first is ours.
  if (const char* folder = std::getenv("STATE_DIRECTORY"); folder && *folder) {
    const std::string list = folder;
    return fs::path(list.substr(0, list.find(':')));
  }
  const fs::path system = "/var/lib/trafficd";
  std::error_code ignored;
  if (fs::is_directory(system, ignored) && access(system.c_str(), R_OK | X_OK) == 0) return system;
  if (const char* folder = std::getenv("XDG_STATE_HOME"); folder && *folder == '/')
    return fs::path(folder) / "trafficd";
  const char* home = std::getenv("HOME");
  if (!home || *home != '/') {
    const passwd* entry = getpwuid(getuid());
    home = entry ? entry->pw_dir : nullptr;
  }
  if (!home || *home != '/') return Error{"no state folder: give one with --state DIR, or set $HOME"};
  return fs::path(home) / ".local/state/trafficd";
}

}  // namespace trafficd
