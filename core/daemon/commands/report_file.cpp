#include "daemon/commands/report_file.hpp"

#include <filesystem>
#include <set>

#include "engine/state_folder.hpp"
#include "history/log_check.hpp"
#include "history/schema.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace fs = std::filesystem;

namespace {

/// The histories in a folder, under whatever name the configuration gave them.
std::set<fs::path> histories_in(const fs::path& folder) {
  std::set<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error))
    if (each->path().extension() == ".db" && each->is_regular_file(error) && history::Reader::open(each->path()))
      found.insert(each->path());
  return found;
}

/// Opened by SQLite it would show a state that never was, or one of before. (Of a file that is cut, SQLite itself says
/// so as soon as it needs what is missing.)
bool is_log_torn(const fs::path& file) {
  const LogCheck::State state = check_log(file, history::application_id).state;
  return state == LogCheck::State::shorter || state == LogCheck::State::outdated || state == LogCheck::State::mixed;
}

Error nothing_at(const fs::path& file) {
  const std::set<fs::path> others = histories_in(file.has_parent_path() ? file.parent_path() : ".");
  if (others.empty())
    return {concat("there is no history yet at '", file, "'; start 'trafficd run' first, or give --file or --state")};
  std::string names;
  for (const fs::path& other : others) names += concat(names.empty() ? "" : ", ", other.filename());
  return {concat("there is no history at '", file, "', but beside it ", names, ": give --file ", *others.begin())};
}

}  // namespace

Result<fs::path> history_path(const std::optional<std::string>& file, const std::optional<std::string>& state) {
  fs::path wanted;
  if (file) {
    wanted = *file;
  } else {
    const auto folder = state_folder(state ? std::optional<fs::path>(*state) : std::nullopt);
    if (!folder) return Error{folder.error()};
    wanted = *folder / "traffic.db";
  }
  std::error_code error;
  if (!fs::exists(wanted, error) && !error) return nothing_at(wanted);
  if (file && fs::is_directory(wanted, error))
    return Error{concat("'", wanted, "' is a folder; give --state ", wanted, ", or with --file the history in it")};
  if (is_log_torn(wanted))
    return Error{
        concat("the log of '", wanted,
               "' is cut short or damaged, and read now the sums would be wrong; start the service once, which "
               "mends it and says what is missing; of a copy, copy all files of the history again")};
  return wanted;
}

Result<history::Reader> open_history(const std::optional<std::string>& file, const std::optional<std::string>& state) {
  const auto path = history_path(file, state);
  return path ? history::Reader::open(*path) : Result<history::Reader>(Error{path.error()});
}

}  // namespace trafficd
