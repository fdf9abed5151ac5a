#include "engine/journal.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <utility>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: break;
  }
  return spdlog::level::err;
}

/// The priority mark `<6>` that systemd's journal takes from the start of a line; see sd-daemon(3).
class PriorityFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string_view mark = "<6>";
    if (message.level == spdlog::level::debug) mark = "<7>";
    if (message.level == spdlog::level::warn) mark = "<4>";
    if (message.level == spdlog::level::err) mark = "<3>";
    out.append(mark.data(), mark.data() + mark.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<PriorityFlag>(); }
};

/// Whether standard error goes to systemd's journal: $JOURNAL_STREAM names its device and inode (systemd.exec(5)). The
/// variable alone is no proof, because shells below a service inherit it.
bool goes_to_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  return stream && fstat(STDERR_FILENO, &info) == 0 &&
         stream == std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

/// So many lines of each level a minute, then how many more there were.
class Allowance {
 public:
  /// Whether one more line is allowed; `kept_back` are those that were not, when a minute has passed.
  bool take(Level level, std::uint64_t& kept_back) {
    const std::lock_guard lock(mutex_);
    if (const auto now = std::chrono::steady_clock::now(); now - minute_ >= std::chrono::minutes(1)) {
      minute_ = now;
      said_ = {};
      kept_back = rest();
    }
    if (said_.at(static_cast<std::size_t>(level))++ < most) return true;
    ++kept_back_;
    return false;
  }
  std::uint64_t rest() { return std::exchange(kept_back_, 0); }

 private:
  static constexpr std::uint64_t most = 200;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point minute_ = std::chrono::steady_clock::now();
  std::array<std::uint64_t, 4> said_{};
  std::uint64_t kept_back_ = 0;
};

class InstanceLogger final : public Logger {
 public:
  InstanceLogger(std::shared_ptr<spdlog::logger> sink, std::string id, Level level, bool held_back)
      : sink_(std::move(sink)), prefix_(id.empty() ? "" : "[" + id + "] "), level_(level), held_back_(held_back) {}
  ~InstanceLogger() override { tell(allowance_.rest()); }
  bool enabled(Level level) const override { return level >= level_; }
  void write(Level level, std::string_view message) override {
    if (!enabled(level)) return;
    std::uint64_t kept_back = 0;
    // What somebody asked for in detail is not held back.
    const bool allowed = !held_back_ || level_ == Level::debug || allowance_.take(level, kept_back);
    tell(kept_back);
    // Foreign text could forge lines or steer a terminal.
    if (allowed)
      sink_->log(to_spdlog(level), "{}{}{}", prefix_, printable(message.substr(0, longest)),
                 message.size() > longest ? "…" : "");
  }

 private:
  static constexpr std::size_t longest = 16 * 1024;

  void tell(std::uint64_t kept_back) {
    if (kept_back > 0) sink_->warn("{}{} more lines of its log were kept back", prefix_, kept_back);
  }

  std::shared_ptr<spdlog::logger> sink_;
  std::string prefix_;
  Level level_;
  const bool held_back_;
  Allowance allowance_;
};

}  // namespace

Journal::Journal(Level level)
    : sink_(std::make_shared<spdlog::logger>(
          "trafficd", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(spdlog::color_mode::automatic))) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (goes_to_journal())
    formatter->add_flag<PriorityFlag>('*').set_pattern("%*%v");
  else
    formatter->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
  sink_->set_formatter(std::move(formatter));
  sink_->set_level(spdlog::level::trace);
  own_ = logger({}, level);
}

Journal::~Journal() = default;

std::unique_ptr<Logger> Journal::logger(std::string id, Level level) const {
  return std::make_unique<InstanceLogger>(sink_, std::move(id), level, false);
}

std::unique_ptr<Logger> Journal::plugin_logger(std::string id, Level level) const {
  return std::make_unique<InstanceLogger>(sink_, std::move(id), level, true);
}

}  // namespace trafficd
