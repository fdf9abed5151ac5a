#pragma once
// Settings to running instances: makes them, connects them, starts and stops them in order.

#include <functional>
#include <memory>
#include <vector>

#include "engine/catalog.hpp"
#include "engine/input_runner.hpp"
#include "engine/output_runner.hpp"
#include "engine/pipeline.hpp"

namespace trafficd {

class Graph {
 public:
  /// Makes every instance and opens none. Every fault goes to `problems`; a graph with faults must not be started.
  /// `fatal` is called, from any thread, when an instance ends and takes the daemon with it.
  Graph(const Services& services, Catalog& catalog, const Settings& settings, Problems& problems,
        std::function<void()> fatal);
  ~Graph();

  void start();
  /// Inputs end, pipelines run empty.
  void stop_sources();
  /// Outputs write what is left until the deadline. Comes after stop_sources.
  void stop_outputs(Duration deadline);
  /// Any thread, when the process is about to end though something hangs: what outputs have not written goes to disk.
  void rescue();
  /// The instances whose threads have not ended, by role and name. Any thread.
  std::vector<std::string> running() const;

 private:
  void make_inputs(Catalog& catalog, const Settings& settings, Problems& problems);
  void make_outputs(Catalog& catalog, const Settings& settings, Problems& problems);
  void make_pipelines(Catalog& catalog, const Settings& settings, Problems& problems);
  void check_declarations(Catalog& catalog, const Settings& settings, Problems& problems);
  void check_unique(Catalog& catalog, const Settings& settings, Problems& problems);

  const Services& services_;
  const std::function<void()> fatal_;
  // Destroyed in the order inputs, pipelines, outputs: each feeds the one declared before it.
  std::vector<std::unique_ptr<OutputRunner>> outputs_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  std::vector<std::unique_ptr<InputRunner>> inputs_;
  bool running_ = false;
};

}  // namespace trafficd
