#include "daemon/commands/report.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <memory>

#include "daemon/command_line.hpp"
#include "daemon/commands/report_file.hpp"
#include "daemon/page.hpp"
#include "engine/system_clock.hpp"
#include "history/doubt_list.hpp"
#include "history/usage_list.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

constexpr int bad_arguments = 1, unreadable = 2;
constexpr const char* default_measurement = "interface";

struct ReportOptions {
  std::string unit = "day", start_day = "1";
  std::optional<std::string> measurement, interface, since, until, zone, file, state;
  std::vector<std::string> match;
  std::optional<std::size_t> limit;
  bool all = false, rate = false, list = false, doubtful = false, json = false, csv = false;
};

void complain(const std::string& message) { std::fprintf(stderr, "trafficd report: %s\n", printable(message).c_str()); }

int fail(int code, const std::string& message) {
  complain(message);
  return code;
}

Unit unit_named(const std::string& name) {
  return name == "hour" ? Unit::hour : name == "month" ? Unit::month : name == "year" ? Unit::year : Unit::day;
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
                                         : history::to_table(answer, zone, page_style(STDOUT_FILENO));
  const Status written = print_page(text);
  return written ? 0 : fail(unreadable, written.message());
}

int report_doubts(const ReportOptions& options, const Zone& zone, Timestamp now) {
  history::DoubtQuery query;
  query.measurement = options.measurement;
  if (const std::string error = choose(options, zone, now, query); !error.empty()) return fail(bad_arguments, error);
  const auto reader = open_history(options.file, options.state);
  if (!reader) return fail(unreadable, reader.error());
  history::DoubtList doubts;
  if (const Status answer = history::collect_doubts(*reader, query, doubts); !answer)
    return fail(unreadable, answer.message());
  return show(options, zone, doubts);
}

/// 1 to 31, and `last` as 31, which means the same; nothing for what is no day of a month.
std::optional<int> day_of_month(const std::string& text) {
  if (text == "last") return 31;
  int day = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), day);
  if (error != std::errc{} || end != text.data() + text.size() || day < 1 || day > 31) return {};
  return day;
}

int report_usage(const ReportOptions& options, const Zone& zone, Timestamp now) {
  history::UsageQuery query;
  query.measurement = options.measurement.value_or(default_measurement);
  query.unit = unit_named(options.unit);
  query.all = options.all;
  query.lately = options.rate;
  const auto start_day = day_of_month(options.start_day);
  if (!start_day) return fail(bad_arguments, "write --start-day as 1 to 31, or last");
  if (*start_day != 1 && query.unit != Unit::month)
    return fail(bad_arguments,
                concat("--start-day is for months: trafficd report month --start-day ", options.start_day));
  query.start_day = *start_day;
  if (const std::string error = choose(options, zone, now, query); !error.empty()) return fail(bad_arguments, error);
  const auto reader = open_history(options.file, options.state);
  if (!reader) return fail(unreadable, reader.error());
  history::Usage usage;
  if (const Status answer = history::collect_usage(*reader, query, zone, now, usage); !answer)
    return fail(answer.code() == Status::Code::fatal ? bad_arguments : unreadable, answer.message());
  if (options.json || options.csv)
    for (const std::string& note : usage.notes) complain(note);
  return show(options, zone, usage);
}

int report_list(const ReportOptions& options, const Zone& zone) {
  const auto reader = open_history(options.file, options.state);
  if (!reader) return fail(unreadable, reader.error());
  const auto list = history::list_measurements(*reader);
  return list ? show(options, zone, *list) : fail(unreadable, list.error());
}

int report(const ReportOptions& options) {
  if (options.state && options.state->empty())
    return fail(bad_arguments, "--state is empty; give the service's folder, or leave it out for the usual one");
  if (options.file && options.file->empty())
    return fail(bad_arguments, "--file is empty; give the history, or leave it out for traffic.db in the state folder");
  const auto zone = choose_zone(options.zone, complain);
  if (!zone) return fail(bad_arguments, zone.error());
  const Timestamp now = SystemClock{}.now();
  if (options.list) return report_list(options, *zone);
  return options.doubtful ? report_doubts(options, *zone, now) : report_usage(options, *zone, now);
}

void add_question(CLI::App& command, ReportOptions& options) {
  command.add_option("unit", options.unit, "hour, day, month or year")
      ->check(CLI::IsMember({"hour", "day", "month", "year"}))
      ->capture_default_str();
  command.add_option("-i,--interface", options.interface, "Only this interface; a glob such as 'ppp*' may be given");
  command.add_option("--measurement", options.measurement,
                     std::string("What was measured (default: ") + default_measurement + ")");
  command.add_option("--match", options.match, "Only series whose tag fits: tag=glob; may be given more than once");
  command.add_flag("--all", options.all,
                   "All series of the measurement; else, where some are marked primary, as is the interface of the "
                   "default route, only those");
  command.add_option("--since", options.since,
                     "From this time on: 2026-11-21, '2026-11-21 14:00', 14:00, 7d, yesterday, @1700000000");
  command.add_option("--until", options.until, "Up to this time");
  command
      .add_option("--start-day", options.start_day,
                  "Day that months begin on, as a bill's: 1 to 31, or last, the last day of each: from 2026-01-31 to "
                  "2026-02-27, for example")
      ->capture_default_str();
  command.add_option("--zone", options.zone, "Time zone that days and months are counted in (default: this machine's)");
  command.add_option("--limit", options.limit, "Only so many of the newest periods, or doubtful steps")
      ->check(at_least(1));
}

/// Answers of another kind, to which not every question can be put.
void add_views(CLI::App& command, ReportOptions& options) {
  const auto exclude = [&](CLI::Option* view, std::initializer_list<const char*> others) {
    for (const char* other : others) view->excludes(command.get_option(other));
  };
  auto* rate = command.add_flag("--rate", options.rate, "What each series moves per second, by the last minute");
  exclude(rate, {"unit", "--start-day", "--since", "--until", "--limit"});
  auto* list = command.add_flag("--list", options.list, "What was measured, how many series of it, from when to when");
  exclude(list, {"unit", "--start-day", "--since", "--until", "--limit", "--interface", "--measurement", "--match",
                 "--all", "--rate"});
  auto* doubtful =
      command.add_flag("--doubtful", options.doubtful,
                       "Steps of counters that could not be judged: set aside until 'trafficd doubtful' decides");
  exclude(doubtful, {"unit", "--start-day", "--all", "--rate", "--list"});
}

}  // namespace

void add_report(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("report", "Show how much was moved, by hour, day, month or year");
  auto options = std::make_shared<ReportOptions>();
  add_question(*command, *options);
  add_views(*command, *options);
  auto* json = command->add_flag("--json", options->json, "One array of objects, times in unix seconds");
  command->add_flag("--csv", options->csv, "A header and one line per row")->excludes(json);
  auto* state =
      command->add_option("--state", options->state, "Folder where the service keeps its files")->type_name("DIR");
  command->add_option("--file", options->file, "The history itself (default: traffic.db in that folder)")
      ->type_name("FILE")
      ->excludes(state);
  command->footer(
      "Without --since the last 24 hours, 30 days, 12 months or all years are shown.\n"
      "Of a gauge, which cannot be added up, the table shows the last value of each period; --json and --csv give its\n"
      "mean under its own name, and NAME_min, NAME_max and NAME_last. Counters are what moved; --rate adds NAME_rate.\n"
      "Exit codes: 0 good, 1 wrong arguments, 2 the history could not be read.");
  command->callback([options, &exit_code] { exit_code = report(*options); });
}

}  // namespace trafficd
