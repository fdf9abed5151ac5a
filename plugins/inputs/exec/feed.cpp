#include "feed.hpp"

namespace trafficd::exec {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t shown = 120, longest_error = 500, errors_a_minute = 20;
constexpr Duration minute = 1min;

void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

/// Foreign text for a log: its beginning, nothing of it able to lead a terminal astray.
std::string excerpt(std::string_view text, std::size_t most) {
  const bool cut = text.size() > most;
  return printable(text.substr(0, most)) + (cut ? "…" : "");
}

std::string_view without_end(std::string_view line) {
  while (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

common::SampleRules rules_of(const Config& config) {
  return {.counters = config.counters,
          .attributes = config.attributes,
          .traits = {.width = static_cast<std::uint8_t>(config.counter_width), .max_rate = config.max_rate}};
}

}  // namespace

Feed::Feed(const Config& config, Host& host)
    : config_(config),
      host_(host),
      maker_(host, rules_of(config)),
      output_(config.max_line.bytes),
      errors_(longest_error),
      bad_line_(host.log(), host.clock()),
      long_line_(host.log(), host.clock()),
      bad_lines_(host.meter().counter("bad_lines")),
      long_lines_(host.meter().counter("long_lines")),
      cut_lines_(host.meter().counter("cut_lines")),
      left_out_(host.meter().counter("fields_left_out")),
      error_lines_(host.meter().counter("error_lines")),
      error_lines_kept_back_(host.meter().counter("error_lines_kept_back")) {}

void Feed::take_output(std::string_view bytes, Timestamp now, Batch& out) {
  output_.feed(bytes, [&](std::string_view line) { take_line(line, now, out); });
  count_long();
}

void Feed::take_errors(std::string_view bytes) {
  errors_.feed(bytes, [&](std::string_view line) { log_error(line); });
}

void Feed::end(bool well, Timestamp now, Batch& out) {
  const std::string rest = output_.rest();
  if (well && !rest.empty())
    take_line(rest, now, out);
  else if (!rest.empty())
    count(cut_lines_);
  if (const std::string words = errors_.rest(); !words.empty()) log_error(words);
}

void Feed::take_line(std::string_view whole, Timestamp now, Batch& out) {
  ++lines_;
  const std::string_view line = without_end(whole);
  if (common::is_silent(config_.format, line)) return;
  auto reading = common::read_line(config_.format, line);
  if (!reading) return refuse(line, reading.error());
  count(left_out_, reading->left_out);
  auto sample = maker_.make(*std::move(reading), now);
  if (!sample) return refuse(line, sample.error());
  ++samples_;
  out.push_back(*std::move(sample));
}

void Feed::refuse(std::string_view line, const std::string& why) {
  count(bad_lines_);
  bad_line_.complain(Level::warning, concat("a line is no sample: ", excerpt(why, shown), ": '", excerpt(line, shown),
                                            "'; such lines are counted as bad_lines and passed over"));
}

void Feed::count_long() {
  const std::uint64_t fresh = output_.passed_over() - std::exchange(told_long_, output_.passed_over());
  if (fresh == 0) return;
  count(long_lines_, fresh);
  long_line_.complain(Level::warning, concat("a line is longer than 'max_line' (", format_size(config_.max_line),
                                             "); such lines are counted as long_lines and passed over"));
}

/// A program that has much to say must not fill the log: so many lines a minute, then how many more there were.
void Feed::log_error(std::string_view line) {
  ++error_lines_seen_;
  count(error_lines_);
  last_words_ = excerpt(without_end(line), longest_error);
  const SteadyTime now = host_.clock().steady();
  if (now - minute_ >= minute) {
    if (kept_back_ > 0) host_.log().info(concat("standard error: ", kept_back_, " more lines were kept back"));
    minute_ = now;
    said_ = kept_back_ = 0;
  }
  if (said_++ < errors_a_minute) return host_.log().info("standard error: " + last_words_);
  ++kept_back_;
  count(error_lines_kept_back_);
}

}  // namespace trafficd::exec
