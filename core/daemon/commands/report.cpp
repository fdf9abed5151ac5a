#include "daemon/commands/report.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "engine/state_folder.hpp"
#include "engine/system_clock.hpp"
#include "history/doubt_list.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

constexpr int bad_arguments = 1, unreadable = 2;
constexpr const char* default_measurement = "interface";

struct ReportOptions {
  std::string unit = "day", zone;
  std::optional<std::string> measurement, interface, since, until, file, state;
  std::vector<std::string> match;
  std::optional<std::size_t> limit;
  bool all = false, doubtful = false, json = false, csv = false;
};

int fail(int code, const std::string& message) {
  std::fprintf(stderr, "trafficd report: %s\n", printable(message).c_str());
  return code;
}

Unit unit_named(const std::string& name) {
  return name == "hour" ? Unit::hour : name == "month" ? Unit::month : name == "year" ? Unit::year : Unit::day;
}

Result<std::filesystem::path> history_file(const ReportOptions& options) {
  if (options.file) return std::filesystem::path(*options.file);
  const auto folder = state_folder(options.state ? std::optional<std::filesystem::path>(*options.state) : std::nullopt);
  if (!folder) return Error{folder.error()};
  return *folder / "traffic.db";
}

history::TableStyle terminal_style() {
  history::TableStyle style;
  const char *columns = std::getenv("COLUMNS"), *no_colour = std::getenv("NO_COLOR"), *term = std::getenv("TERM");
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  winsize size{};
  if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    style.width = size.ws_col;
  else if (columns != nullptr && std::atoi(columns) > 0)
    style.width = static_cast<std::size_t>(std::min(std::atoi(columns), 1000));
  style.colour =
      terminal && (no_colour == nullptr || *no_colour == '\0') && (term == nullptr || std::string_view(term) != "dumb");
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') {
      const std::string_view locale(value);
      style.unicode = locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
      return style;
    }
  style.unicode = false;
  return style;
}

/// Which series and which time are meant, in a question of either kind. Answers an error message, or nothing.
template <class Query>
std::string choose(const ReportOptions& options, const Zone& zone, Timestamp now, Query& query) {
  query.limit = options.limit;
  if (options.interface) query.match.emplace_back("interface", *options.interface);
  for (const std::string& pair : options.match) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return "write --match as tag=glob, for example --match 'interface=eth*'";
    query.match.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  for (const auto& [text, time] : {std::pair{&options.since, &query.since}, std::pair{&options.until, &query.until}}) {
    if (!*text) continue;
    const auto parsed = parse_time(**text, zone, now);
    if (!parsed) return parsed.error();
    *time = *parsed;
  }
  return {};
}

template <class Answer>
int show(const ReportOptions& options, const Zone& zone, const Answer& answer) {
  const std::string text = options.json  ? history::to_json(answer)
                           : options.csv ? history::to_csv(answer)
                                         : history::to_table(answer, zone, terminal_style());
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

Result<history::Reader> open_history(const ReportOptions& options) {
  const auto file = history_file(options);
  if (!file) return Error{file.error()};
  if (std::error_code error; !std::filesystem::exists(*file, error) && !error)
    return Error{
        concat("there is no history yet at '", *file, "'; start 'trafficd run' first, or give --file or --state")};
  return history::Reader::open(*file);
}

int report_doubts(const ReportOptions& options, const Zone& zone, Timestamp now) {
  history::DoubtQuery query;
  query.measurement = options.measurement;
  if (const std::string error = choose(options, zone, now, query); !error.empty()) return fail(bad_arguments, error);
  const auto reader = open_history(options);
  if (!reader) return fail(unreadable, reader.error());
  history::DoubtList doubts;
  if (const Status answer = history::collect_doubts(*reader, query, doubts); !answer)
    return fail(unreadable, answer.message());
  return show(options, zone, doubts);
}

int report_usage(const ReportOptions& options, const Zone& zone, Timestamp now) {
  history::UsageQuery query;
  query.measurement = options.measurement.value_or(default_measurement);
  query.unit = unit_named(options.unit);
  query.all = options.all;
  if (const std::string error = choose(options, zone, now, query); !error.empty()) return fail(bad_arguments, error);
  const auto reader = open_history(options);
  if (!reader) return fail(unreadable, reader.error());
  history::Usage usage;
  if (const Status answer = history::collect_usage(*reader, query, zone, now, usage); !answer)
    return fail(answer.code() == Status::Code::fatal ? bad_arguments : unreadable, answer.message());
  return show(options, zone, usage);
}

int report(const ReportOptions& options) {
  const auto zone = Zone::find(options.zone);
  if (!zone) return fail(bad_arguments, zone.error());
  const Timestamp now = SystemClock{}.now();
  return options.doubtful ? report_doubts(options, *zone, now) : report_usage(options, *zone, now);
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("report", "Show how much was moved, by hour, day, month or year");
  auto options = std::make_shared<ReportOptions>();
  command->add_option("unit", options->unit, "hour, day, month or year")
      ->check(CLI::IsMember({"hour", "day", "month", "year"}))
      ->capture_default_str();
  command->add_option("-i,--interface", options->interface, "Only this interface; a glob such as 'ppp*' may be given");
  command->add_option("--measurement", options->measurement,
                      std::string("What was measured (default: ") + default_measurement + ")");
  command->add_option("--match", options->match, "Only series whose tag fits: tag=glob; may be given more than once");
  command->add_flag("--all", options->all, "All series, not only the interface of the default route");
  command->add_flag("--doubtful", options->doubtful,
                    "Steps of counters that could not be judged: set aside, neither counted nor dropped");
  command->add_option("--since", options->since,
                      "From this time on: 2026-11-21, '2026-11-21 14:00', 7d, yesterday, @1700000000");
  command->add_option("--until", options->until, "Up to this time");
  command->add_option("--zone", options->zone,
                      "Time zone that days and months are counted in (default: this machine's)");
  command->add_option("--limit", options->limit, "Only so many of the newest periods, or doubtful steps")
      ->check(CLI::PositiveNumber);
  auto* json = command->add_flag("--json", options->json, "One array of objects, times in unix seconds");
  command->add_flag("--csv", options->csv, "A header and one line per row")->excludes(json);
  auto* state = command->add_option("--state", options->state, "Folder where the service keeps its files");
  command->add_option("--file", options->file, "The history itself (default: traffic.db in that folder)")
      ->excludes(state);
  command->footer(
      "Without --since the last 24 hours, 30 days, 12 months or all years are shown.\n"
      "Exit codes: 0 good, 1 wrong arguments, 2 the history could not be read.");
  command->callback([options, &exit_code] { exit_code = report(*options); });
}

}  // namespace trafficd
