#pragma once
// What a new configuration changes in a running daemon, instance by instance.

#include <set>
#include <string>
#include <vector>

#include "engine/settings.hpp"

namespace trafficd {

struct Changes {
  /// Ids. What is in none of the sets stays as it is.
  struct Part {
    std::set<std::string> added, changed, removed;
    std::set<std::string> failed;  ///< the same, but ended for good: made anew, in case the cause is mended
    bool follows(const std::string& id) const { return changed.contains(id) || failed.contains(id); }
    bool exchanged(const std::string& id) const { return follows(id) || removed.contains(id); }
    bool made(const std::string& id) const { return follows(id) || added.contains(id); }
  };
  Part inputs, pipelines, outputs;
  std::set<std::string> rerouted;       ///< pipelines that run on, with other inputs or outputs
  std::vector<std::string> at_restart;  ///< options of the daemon that a reload does not change

  bool empty() const;
  /// `inputs: lan new, router changed; outputs: old gone`
  std::string text() const;
};

/// A block is the same when it means the same: places, order of keys and defaults written out make no difference to
/// what the daemon reads itself; of a plugin's own options the text is compared, and how the files of its secrets look.
Changes compare(const Settings& before, const Settings& after);

}  // namespace trafficd
