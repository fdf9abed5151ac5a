#include "daemon/commands/replay.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <sstream>

#include "daemon/command_line.hpp"
#include "daemon/configuration.hpp"
#include "daemon/memory.hpp"
#include "daemon/page.hpp"
#include "daemon/reading_watch.hpp"
#include "daemon/replay/replay_host.hpp"
#include "daemon/replay/replay_node.hpp"
#include "daemon/replay/tally_text.hpp"
#include "engine/catalog.hpp"
#include "engine/guard.hpp"
#include "engine/nonsense.hpp"

namespace trafficd {

namespace {

using namespace replay;

constexpr int bad_arguments = 1, nothing_read = 2, part_missing = 3;
constexpr const char* plugin_name = "pcap";
/// Between two samples, of the recording's time: more than any recording has. So all is told once, at the end, and what
/// is meant for an interval (who is busiest, how many there are) holds for the whole.
constexpr Duration interval = std::chrono::seconds((std::int64_t{1} << 33) + 1);

/// What the input leaves standing where no packet had a time; 0 is one.
constexpr std::int64_t no_packet = std::numeric_limits<std::int64_t>::min();

struct ReplayOptions {
  NodeOptions input{.max_rows = 100'000};
  TableChoice tables;
  std::vector<std::string> plugins;
  std::string remotes, http;
  std::optional<std::string> zone;
  bool json = false, without_protocols = false;
};

int fail(Progress& messages, int code, std::string_view message) {
  messages.say(message);
  return code;
}

bool draws_progress() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) != 0 && (term == nullptr || std::string_view(term) != "dumb");
}

class Collector final : public Emitter {
 public:
  explicit Collector(Tally& tally) : tally_(tally) {}
  void emit(Batch& batch) override {
    for (Sample& sample : batch)
      if (!is_plain(sample)) clear_non_numbers(sample);
    tally_.add(batch);
    batch.clear();
  }

 private:
  Tally& tally_;
};

/// The input, made; else nothing, a message for each fault, and the exit code.
std::unique_ptr<StreamInput> make_input(const NodeOptions& options, const KnownPlugin& plugin, Host& host,
                                        Progress& messages, int& exit_code) {
  try {
    InputInstance made = plugin.make_input(node_of(options, plugin.declared), host);
    auto* stream = std::get_if<std::unique_ptr<StreamInput>>(&made);
    if (stream && *stream && (*stream)->recorded()) return std::move(*stream);
    exit_code =
        fail(messages, nothing_read, concat("the plugin '", plugin_name, "' that was found does not read recordings"));
  } catch (const ConfigError& e) {
    for (const Problem& each : e.problems()) exit_code = fail(messages, bad_arguments, each.text());
  } catch (const std::exception& e) {
    exit_code = fail(messages, nothing_read, concat("the plugin '", plugin_name, "' could not be made: ", words_of(e)));
  }
  return {};
}

Status read_all(StreamInput& input, const std::stop_token& stop, Tally& tally) {
  Collector collector(tally);
  return guarded([&] {
    if (Status opened = input.open(); !opened) return opened;
    const Status status = guarded([&] { return input.run(stop, collector); });
    input.close();
    return status;
  });
}

Reading reading_of(const NodeOptions& options, InstanceMeter& meter) {
  Reading reading{.files = options.files.size(),
                  .damaged_files = meter.counter("damaged_files"),
                  .skipped_files = meter.counter("skipped_files"),
                  .bad_times = meter.counter("bad_times"),
                  .max_rows = options.max_rows};
  for (std::size_t i = 0; i < http_losses.size(); ++i) reading.lost_of_http[i] = meter.counter(http_losses[i].counter);
  const std::int64_t from = meter.gauge("first_packet"), to = meter.gauge("last_packet");
  if (from == no_packet || to == no_packet) return reading;
  reading.from = Timestamp{std::chrono::seconds(from)};
  reading.to = Timestamp{std::chrono::seconds(to)};
  return reading;
}

int show(const ReplayOptions& options, const Tally& tally, const Reading& reading, const Zone& zone,
         Progress& messages) {
  const Status written =
      print_page(options.json ? to_json(tally, reading)
                              : to_table(tally, reading, zone, page_style(STDOUT_FILENO), options.tables));
  return written ? 0 : fail(messages, nothing_read, written.message());
}

/// Of all tables, and rows that left them with those.
std::size_t most_series(std::uint64_t max_rows) { return 4 * max_rows + 100'000; }

/// False where something is.
bool tell_what_is_missing(const Status& status, const Reading& reading, const Tally& tally, Progress& messages) {
  // Of files the input has spoken.
  if (!status && reading.damaged_files + reading.skipped_files == 0) messages.say(words_of(status));
  if (tally.without_room() > 0)
    messages.say(concat("samples of too many series are missing (", tally.without_room(), "): raise --max-rows"));
  if (tally.unusable() > 0)
    messages.say(concat("samples of no use are missing (", tally.unusable(), "): tell the author of the plugin"));
  return status && tally.without_room() + tally.unusable() == 0;
}

int replay_files(const ReplayOptions& options) {
  use_few_arenas();
  Progress messages(draws_progress(), page_style(STDERR_FILENO));
  ReplayHost host(plugin_name, interval, messages);
  Watch watch(messages);
  watch.begin([&messages, &read = host.meter().counter("read_bytes"), &total = host.meter().gauge("total_bytes")] {
    messages.draw(read, static_cast<std::uint64_t>(total));
  });
  const auto zone = choose_zone(options.zone, [&](const std::string& word) { messages.say(word); });
  if (!zone) return fail(messages, bad_arguments, zone.error());
  Catalog catalog({options.plugins.begin(), options.plugins.end()}, default_plugin_folders());
  const auto plugin = catalog.find(PluginType::input, plugin_name);
  if (!plugin) return fail(messages, nothing_read, plugin.error());
  for (const char* each : {"first_packet", "last_packet"}) host.meter().gauge(each) = no_packet;
  int exit_code = nothing_read;
  const auto input = make_input(options.input, **plugin, host, messages, exit_code);
  if (!input) return exit_code;

  Tally tally(most_series(options.input.max_rows));
  const Status status = read_all(*input, watch.stop(), tally);
  const bool stopped = watch.end_reading();

  const Reading reading = reading_of(options.input, host.meter());
  if (reading.skipped_files == reading.files) return nothing_read;
  const bool whole = tell_what_is_missing(status, reading, tally, messages);
  if (stopped) messages.say("stopped: this is what was read by then");
  exit_code = show(options, tally, reading, *zone, messages);
  if (stopped) return Watch::stopped_by_signal;
  return exit_code == 0 && !whole ? part_missing : exit_code;
}

/// What a flag says: nothing, that it was given, or the words behind `=`.
std::optional<std::string> given_value(const std::string& text) {
  if (text.empty()) return {};
  return text == "true" ? "" : text;
}

std::vector<std::string> words_in(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream rest(text);
  for (std::string word; std::getline(rest, word, ',');) words.push_back(word);
  return words;
}

int replay_command(ReplayOptions options) {
  options.input.protocols = !options.without_protocols;
  if (const auto remotes = given_value(options.remotes)) options.input.remotes = remotes->empty() ? "100" : *remotes;
  if (const auto ports = given_value(options.http)) options.input.ports = words_in(*ports);
  return replay_files(options);
}

void add_reading(CLI::App& command, ReplayOptions& options) {
  const auto add_list = [&](const char* name, std::vector<std::string>& list, const char* help) {
    // One value each time, for what follows may be a file.
    return command.add_option(name, list, help)->allow_extra_args(false);
  };
  command.add_option("FILE", options.input.files, "Captures: pcap or pcapng, also gzip; '-' is standard input")
      ->required();
  command.add_option("--filter", options.input.filter, "Only packets that fit, as in pcap-filter(7): 'not port 22'");
  add_list("--networks", options.input.networks,
           "A network on our side, in place of the private ones; may be given more than once");
  add_list(
      "--gateways", options.input.gateways,
      "The hardware address of a gateway; may be given more than once. Else who carries packets of the internet is "
      "one");
  command
      .add_option("--max-rows", options.input.max_rows,
                  "Rows of each table, as that of devices by family and scope; what finds no room is 'other'")
      ->check(at_least(16))
      ->capture_default_str();
  command.add_flag("--no-protocols", options.without_protocols, "Leave out protocols");
  command.add_flag("--remotes", options.remotes,
                   "Addresses in the internet, too; --remotes=N: so many, by default 100");
  command.add_flag("--http", options.http, "HTTP requests, too; --http=80,8080: of these ports");
}

}  // namespace

void add_replay(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("replay", "Show who used what, out of recorded captures");
  auto options = std::make_shared<ReplayOptions>();
  add_reading(*command, *options);
  auto* detail = command->add_flag("--detail", options->tables.detail,
                                   "Devices by family and scope as they were counted, instead of one line each");
  auto* limit =
      command->add_option("--limit", options->tables.limit, "So many lines of each table, and one for the rest; 0: all")
          ->check(at_least(0))
          ->capture_default_str();
  command->add_option("--zone", options->zone, "Time zone of what is printed (default: this machine's)");
  command->add_flag("--json", options->json, "One object with all that was counted, times in unix seconds")
      ->excludes(detail)
      ->excludes(limit);
  add_plugins_option(*command, options->plugins);
  command->footer(
      "A device's bytes of the internet are down and up; local and multicast are those both ways on the link.\n"
      "Ctrl-C ends the reading and shows what was read by then. Nothing is written and no configuration is read.\n"
      "Exit codes: 0 all was read, 1 wrong arguments, 2 nothing could be read, or the answer not be written, 3 part "
      "of\n"
      "it is missing: what is shown is the rest; 130 stopped by a signal.");
  command->callback([options, &exit_code] { exit_code = replay_command(*options); });
}

}  // namespace trafficd
