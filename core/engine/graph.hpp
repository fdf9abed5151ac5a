#pragma once
// Settings to running instances: makes them, connects them, starts and stops them in order.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "engine/catalog.hpp"
#include "engine/changes.hpp"
#include "engine/input_runner.hpp"
#include "engine/making.hpp"
#include "engine/output_runner.hpp"
#include "engine/pipeline.hpp"

namespace trafficd {

template <class Runner>
using Runners = std::vector<std::unique_ptr<Runner>>;

class Graph {
 public:
  /// What a plugin's constructor, which only reads its configuration, and its destructor may take.
  struct Patience {
    Duration constructor = std::chrono::seconds(5), destructor = std::chrono::seconds(5);
    StopWanted stop_wanted = [] { return false; };  ///< then nothing is waited for
  };

  /// Makes every instance and opens none. Every fault goes to `problems`; a graph with faults must not be started.
  /// `fatal` is called, from any thread, when an instance ends and takes the daemon with it. An instance whose
  /// constructor has not returned in time is such a fault, and is left behind.
  Graph(const Services& services, Catalog& catalog, const Settings& settings, Problems& problems,
        std::function<void()> fatal, Patience patience);
  Graph(const Services& services, Catalog& catalog, const Settings& settings, Problems& problems,
        std::function<void()> fatal)
      : Graph(services, catalog, settings, problems, std::move(fatal), Patience()) {}
  ~Graph();

  /// `on_end` is called, from any thread, whenever `end` may have another answer.
  void start(std::function<void()> on_end = [] {});
  /// How far the daemon is that only replays: `running`, `emptying` when all its inputs are recordings and have ended
  /// but outputs still write (to be asked again and again), `whole` when they have done so too, or keep the rest on
  /// disk, `failed` where then one of the instances had ended for good, so that something is missing, also when a
  /// reload has mended that since. One live input, and it runs on. The thread that started it.
  enum class End : std::uint8_t { running, emptying, whole, failed };
  End end() const;
  /// Whether there are only recordings to read.
  bool only_replays() const;
  /// Inputs end, pipelines run empty.
  void stop_sources();
  /// Outputs write what is left until the deadline. Comes after stop_sources.
  void stop_outputs(Duration deadline);
  /// Any thread, when the process is about to end though something hangs: what outputs have not written goes to disk.
  void rescue();
  /// While it runs: instances whose block is another now, or that ended for good, are exchanged, new ones made, others
  /// ended; the rest runs on untouched, with its queues, sockets and state. A configuration with faults changes
  /// nothing. What has not ended by the deadline is left behind, and its successor starts beside it. The thread that
  /// started it.
  ///
  /// `stop_wanted` is asked again and again: from then on nothing is waited for any more; where sources have still to
  /// end, nothing is changed either, and nothing is answered: the stop ends them.
  std::optional<Changes> reload(Catalog& catalog, const Settings& settings, Duration deadline,
                                const StopWanted& stop_wanted, Problems& problems);
  /// The instances whose threads have not ended, by role and name. Any thread, while there is no reload.
  std::vector<std::string> running() const;
  /// Those of them that were left behind, by a reload or in their constructors or destructors. The thread that started
  /// it, as below.
  std::vector<std::string> hanging() const;
  /// How an instance fares: `runs`, `failed`, `ended`, `left behind`; that of a stage is its pipeline's. Empty: there
  /// is none.
  std::string_view condition(std::string_view role, std::string_view id, std::string_view plugin) const;

 private:
  std::unique_ptr<InputRunner> make_input(Catalog& catalog, const InstanceSettings& settings, Problems& problems);
  std::unique_ptr<OutputRunner> make_output(Catalog& catalog, OutputSettings settings, Problems& problems);
  std::unique_ptr<Pipeline> make_pipeline(Catalog& catalog, const PipelineSettings& settings, Problems& problems);
  std::optional<Pipeline::Part> make_stage(Catalog& catalog, const std::string& pipeline,
                                           const InstanceSettings& settings, Problems& problems);
  template <class Make>
  auto construct(const ConfigNode& node, std::string id, Problems& problems, Make make)
      -> std::optional<std::invoke_result_t<Make&>>;
  std::vector<Route> routes_of(const PipelineSettings& settings) const;
  std::vector<Inlet> inlets_of(const Settings& settings, const std::string& input) const;
  bool replays(const PipelineSettings& settings) const;
  void connect(const Settings& settings);
  /// What kinds of pipelines an output has.
  struct Feeds {
    bool live = false, recorded = false;
  };
  Feeds feeds(const Settings& settings, const std::string& output) const;
  void decide_thinning(const Settings& settings);
  void refuse_mixed(const Settings& settings, Problems& problems) const;
  struct Exchange;
  std::set<std::string> check(Catalog& catalog, const Settings& settings, Problems& problems);
  void remake_replays(const Settings& settings, const std::set<std::string>& recorded, Changes& changes) const;
  void keep_hanging(std::shared_ptr<Making> call);
  Duration patience(Duration usual) const;
  Exchange make_fresh(Catalog& catalog, const Settings& settings, const Changes& changes, Problems& problems);
  class Wait;
  std::optional<Changes> exchange(Catalog& catalog, const Settings& settings, Wait& wait, Problems& problems);
  void forget_ended();
  void find_failed(Changes& changes) const;
  void remember_missing();
  bool end_inputs(const Changes::Part& part, Wait& wait);
  void end_pipelines(Runners<Pipeline>& old, Wait& wait);
  void end_outputs(Runners<OutputRunner>& old, Wait& wait);
  void part_with(Runners<OutputRunner>& old, Wait& wait);
  void let_go(std::string id, std::shared_ptr<void> last, const std::shared_ptr<void>& used);
  template <class Ended>
  void destroy(std::string id, std::unique_ptr<Ended>&& ended, const std::shared_ptr<void>& used = {}) {
    let_go(std::move(id), std::move(ended), used);
  }
  template <class Runner>
  bool hangs(const Runner& runner) const;
  void hand_on_states();
  bool try_to_start(std::string_view role, const std::string& id, std::string_view plugin,
                    const std::function<void()>& start);
  bool try_to_start(InputRunner& input);
  bool try_to_start(Pipeline& pipeline);
  bool try_to_start(OutputRunner& output);
  void check_declarations(Catalog& catalog, const Settings& settings, Problems& problems);
  void check_unique(Catalog& catalog, const Settings& settings, Problems& problems);

  const Services& services_;
  Settings settings_;
  const std::function<void()> fatal_;
  Patience patience_;
  bool hung_ = false;  // a call did not return, at the start or in this reload
  Replay replay_;
  // Destroyed in the order inputs, pipelines, outputs: each feeds the one declared before it.
  Runners<OutputRunner> outputs_;
  Runners<Pipeline> pipelines_;
  Runners<InputRunner> inputs_;
  // Left behind by a reload; an output also when its successor has not taken over yet.
  Runners<InputRunner> hanging_inputs_;
  Runners<Pipeline> hanging_pipelines_;
  Runners<OutputRunner> hanging_outputs_;
  std::vector<std::shared_ptr<Making>> hanging_calls_;  // constructors and destructors
  bool running_ = false;
  bool missing_ = false;  // of a recording, for the sake of an instance that a reload has taken away
};

}  // namespace trafficd
