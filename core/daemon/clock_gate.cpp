#include "daemon/clock_gate.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "trafficd/calendar.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

namespace {

using namespace std::chrono_literals;

constexpr Timestamp written_after{std::chrono::seconds(1'735'689'600)};  // 2025-01-01
constexpr std::int64_t last_time = 7'258'118'400;                        // 2200, well within a Timestamp
constexpr Duration tolerance = 1h;                                       // a clock that ran fast is put back by less
constexpr Duration patience = 10min;
constexpr int look_every_ms = 1'000;

}  // namespace

ClockFault judge_clock(Timestamp now, Timestamp newest) {
  if (now < written_after) return ClockFault::unset;
  return now + tolerance < newest ? ClockFault::back : ClockFault::none;
}

Timestamp newest_change(const std::filesystem::path& state) {
  Timestamp newest{};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(state, error)) {
    struct stat about {};
    // What was set aside is never written again, so its time says nothing of the last run.
    if (entry.path().native().find(".damaged-") != std::string::npos) continue;
    if (::stat(entry.path().c_str(), &about) != 0 || !S_ISREG(about.st_mode)) continue;
    const auto changed = std::min<std::int64_t>(about.st_mtim.tv_sec, last_time);
    newest = std::max(newest, Timestamp{std::chrono::seconds(changed)});
  }
  return newest;
}

bool wait_for_clock(const Clock& clock, Signals& signals, Logger& log, const std::filesystem::path& state,
                    bool& reload_wanted) {
  const Timestamp newest = newest_change(state);
  const SteadyTime start = clock.steady();
  ClockFault told = ClockFault::none;
  while (true) {
    const ClockFault fault = judge_clock(clock.now(), newest);
    if (fault == ClockFault::none) {
      if (told != fault) log.info(concat("the clock is set now: ", format_utc(clock.now())));
      return true;
    }
    if (fault != told) {
      told = fault;
      log.warning(concat("the clock says ", format_utc(clock.now()),
                         fault == ClockFault::unset ? ", so nobody has set it yet"
                                                    : concat(", but files were written here at ", format_utc(newest)),
                         fault == ClockFault::unset ? "" : ": waiting ten minutes for it to be set",
                         "; nothing is collected until it is, and counters lose nothing by that; set it with NTP or "
                         "'date'"));
    }
    if (fault == ClockFault::back && clock.steady() - start > patience) {
      log.warning("the clock is believed now, though it still lies before the last files");
      return true;
    }
    const Signals::Event event = signals.wait(look_every_ms);  // nobody is answered yet
    if (event == Signals::Event::stop) return false;
    reload_wanted = reload_wanted || event == Signals::Event::reload;
  }
}

}  // namespace trafficd
