#include "daemon/commands/status.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <ctime>
#include <memory>
#include <vector>

#include "daemon/control_command.hpp"
#include "history/text_parts.hpp"
#include "trafficd/calendar.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

struct Column {
  const char* title;
  const char* field;
  bool number;
};
constexpr std::array<Column, 10> columns = {{{"role", "role", false},
                                             {"id", "id", false},
                                             {"plugin", "plugin", false},
                                             {"", "condition", false},
                                             {"samples in", "samples_in", true},
                                             {"out", "samples_out", true},
                                             {"lost", "dropped", true},
                                             {"rejected", "rejected", true},
                                             {"errors", "errors", true},
                                             {"queue", "queue", true}}};

using Row = std::array<std::string, columns.size()>;

void print_table(const std::vector<Row>& rows) {
  std::array<std::size_t, columns.size()> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], history::columns(row[i]));
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += concat(i == 0 ? "" : "  ",
                     columns[i].number ? history::right(row[i], widths[i]) : history::left(row[i], widths[i]));
    while (line.ends_with(' ')) line.pop_back();
    std::printf("%s\n", line.c_str());
  }
}

void print_losses(const boost::json::object& instance) {
  const boost::json::value* losses = instance.if_contains("losses");
  if (!losses || !losses->is_array()) return;
  for (const boost::json::value& each : losses->get_array()) {
    if (!each.is_object()) continue;
    const auto time = [&](const char* key) {
      const boost::json::value* seconds = each.get_object().if_contains(key);
      return format_utc(Timestamp{std::chrono::seconds(seconds && seconds->is_int64() ? seconds->get_int64() : 0)});
    };
    const std::string text =
        concat(text_of(instance, "role"), " ", text_of(instance, "id"), ": ", text_of(each.get_object(), "samples"),
               " samples ", text_of(each.get_object(), "reason"), ", of ", time("from"), " to ", time("to"));
    std::printf("%s\n", printable(text).c_str());
  }
}

int status(const ControlOptions& options) {
  const auto answer = ask(options, "status");
  if (!answer) return 2;
  if (options.json) return 0;
  const boost::json::value* started = answer->if_contains("started");
  const std::int64_t up =
      started && started->is_int64() ? std::max<std::int64_t>(std::time(nullptr) - started->get_int64(), 0) : 0;
  std::printf("trafficd %s, process %s, generation %s, up %s\nconfiguration %s\n\n",
              printable(text_of(*answer, "version")).c_str(), printable(text_of(*answer, "process")).c_str(),
              printable(text_of(*answer, "generation")).c_str(), format_duration(std::chrono::seconds(up)).c_str(),
              printable(text_of(*answer, "configuration")).c_str());
  const boost::json::value* instances = answer->if_contains("instances");
  if (!instances || !instances->is_array()) return 0;
  std::vector<Row> rows(1);
  for (std::size_t i = 0; i < columns.size(); ++i) rows[0][i] = columns[i].title;
  for (const boost::json::value& each : instances->get_array()) {
    if (!each.is_object()) continue;
    rows.emplace_back();
    for (std::size_t i = 0; i < columns.size(); ++i)
      rows.back()[i] = printable(text_of(each.get_object(), columns[i].field));
  }
  print_table(rows);
  std::printf("\n");
  for (const boost::json::value& each : instances->get_array())
    if (each.is_object()) print_losses(each.get_object());
  if (const boost::json::value* left = answer->if_contains("left_behind"); left && left->is_array())
    for (const boost::json::value& name : left->get_array())
      if (name.is_string())
        std::printf("%s hangs and was left behind by a reload\n", printable(std::string(name.get_string())).c_str());
  return 0;
}

}  // namespace

void add_status(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("status", "Show what the running daemon does and what it lost");
  auto options = std::make_shared<ControlOptions>();
  add_control_options(*command, *options);
  command->footer("Exit codes: 0 good, 2 no daemon answered. Only the daemon's own user and root may ask.");
  command->callback([options, &exit_code] { exit_code = status(*options); });
}

}  // namespace trafficd
