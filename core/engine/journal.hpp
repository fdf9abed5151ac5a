#pragma once
// The daemon's log: spdlog behind the SDK's Logger. One line a message, to standard error; under systemd with its
// priority marks and without a time of our own.

#include <memory>
#include <string>

#include "trafficd/host.hpp"

namespace spdlog {
class logger;
}

namespace trafficd {

class Journal {
 public:
  explicit Journal(Level level);
  ~Journal();

  /// A logger that puts `[id]` before each message and lets pass `level` and above. It outlives the journal.
  std::unique_ptr<Logger> logger(std::string id, Level level) const;
  /// The same for the plugin's own lines: so many a minute, for it must not fill the disk with them.
  std::unique_ptr<Logger> plugin_logger(std::string id, Level level) const;
  /// The daemon's own lines.
  Logger& own() { return *own_; }

 private:
  std::shared_ptr<spdlog::logger> sink_;
  std::unique_ptr<Logger> own_;
};

}  // namespace trafficd
