#pragma once
// The life of `run` once everything is made: starts the graph, waits for signals, makes checkpoints, reloads, stops.

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>

#include "daemon/signals.hpp"
#include "engine/control.hpp"
#include "engine/graph.hpp"

namespace trafficd {

/// The main thread.
class Service {
 public:
  struct Parts {
    std::string file;             ///< of the configuration, as it was given
    std::filesystem::path state;  ///< the folder
    Settings settings;
    Catalog& catalog;
    Graph& graph;
    Signals& signals;
    StateStore& store;
    Journal& journal;
    Clock& clock;
    MeterRegistry& meters;
  };
  explicit Service(Parts parts);

  /// Until the end; answers the exit code.
  int run();

 private:
  /// Until a stop is wanted; answers the exit code so far.
  int serve();
  /// All inputs were recordings and have ended; answers the exit code.
  int replayed(Graph::End end);
  int milliseconds_until(std::initializer_list<std::optional<SteadyTime>> moments) const;
  bool lost_at_stop() const;
  int stop(int exit_code);
  /// Whether the state could be written.
  bool checkpoint(Complaint& unsaved);
  /// Reads the configuration again; answers what came of it, as the log has it.
  boost::json::object reload();
  boost::json::object refused(const Problems& problems);
  boost::json::object taken(const Settings& settings, const Changes& changes);
  boost::json::object answer(const boost::json::object& request);
  boost::json::object status() const;

  Parts parts_;
  Logger& log_;
  const bool on_terminal_;
  const std::shared_ptr<InstanceMeter> meter_;  ///< the daemon's own numbers
  const Timestamp started_;
  ControlSocket control_;
  std::uint64_t generation_ = 1;
  bool replayed_ = false;  // to the end
};

}  // namespace trafficd
