#include "program.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace trafficd::exec {

namespace {

namespace fs = std::filesystem;

/// Why others could exchange what stands here, or nothing. In a folder that only leads to the program's the sticky bit,
/// as of /tmp, is enough, because it keeps others from renaming what is not theirs.
std::string changeable_by_others(const fs::path& path, bool passage) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return concat("cannot look at '", path, "': ", std::strerror(errno));
  const bool sticky = passage && (info.st_mode & S_ISVTX) != 0;
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky)
    return concat("others than its owner can write '", path, "', so no program is run from there; 'chmod go-w' it");
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return concat("'", path,
                  "' belongs to another user, so no program is run from there; it must belong to root or "
                  "to the user of this daemon");
  return {};
}

/// From the root down, so that what was looked at is what is run.
std::string place_fault(const fs::path& file) {
  fs::path path;
  for (const fs::path& part : file) {
    path /= part;
    const bool passage = path != file && path != file.parent_path();
    if (std::string fault = changeable_by_others(path, passage); !fault.empty()) return fault;
  }
  return {};
}

bool is_runnable(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

std::string file_fault(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) {
    const std::string reason = error ? error.message() : std::strerror(ENOENT);
    return concat("cannot run '", file, "': ", reason);
  }
  if (!fs::is_regular_file(status)) return concat("cannot run '", file, "': is not a file");
  if (!is_runnable(file)) return concat("cannot run '", file, "': is not executable; 'chmod +x' it");
  const fs::path real = fs::canonical(file, error);
  return error ? concat("cannot run '", file, "': ", error.message()) : place_fault(real);
}

bool is_inherited(std::string_view name) {
  constexpr std::string_view names[] = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR"};
  return std::ranges::find(names, name) != std::end(names) || name.starts_with("LC_");
}

/// Seconds as a program reads them: `10`, `0.5`.
std::string in_seconds(Duration time) {
  std::string text = concat(std::chrono::duration<double>(time).count());
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

void set(std::vector<std::string>& all, std::string_view name, std::string_view value) {
  const std::string start = concat(name, '=');
  std::erase_if(all, [&](const std::string& each) { return each.starts_with(start); });
  all.push_back(concat(start, value));
}

}  // namespace

Result<std::string> find_program(const std::string& name, const std::string& path) {
  if (name.find('/') != std::string::npos) {
    std::string fault = file_fault(name);
    if (!fault.empty()) return Error{std::move(fault)};
    return name;
  }
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    // An empty or relative entry stands for wherever the daemon was started: not for a service.
    if (!folder.starts_with('/')) continue;
    const fs::path file = fs::path(folder) / name;
    if (!is_runnable(file)) continue;
    std::string fault = file_fault(file);
    if (!fault.empty()) return Error{std::move(fault)};
    return file.string();
  }
  return Error{concat("there is no program '", name, "' in PATH (", path, "); give its absolute path")};
}

std::vector<std::string> program_environment(const Config& config, const std::string& id, Duration interval) {
  std::vector<std::string> all;
  for (char** each = ::environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view variable = *each;
    if (is_inherited(variable.substr(0, variable.find('=')))) all.emplace_back(variable);
  }
  // Python holds back what goes to a pipe until there are 8 KiB of it.
  set(all, "PYTHONUNBUFFERED", "1");
  set(all, "TRAFFICD_ID", id);
  set(all, "TRAFFICD_INTERVAL", in_seconds(interval));
  for (const Tag& each : config.environment) set(all, each.key, each.value);
  return all;
}

}  // namespace trafficd::exec
