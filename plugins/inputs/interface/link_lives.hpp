#pragma once
// The lives of interface counters: when they began, under which epoch they go, and what of them is not ours. An index
// is one device's as long as it is there; one that is given again, or whose counters were zeroed, begins another life.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "link_counters.hpp"
#include "trafficd/host.hpp"

namespace trafficd::interface {

class LinkLives {
 public:
  explicit LinkLives(Host& host) : host_(host) {}

  /// Without a boot id the epochs are 0: an index of today could pass for one of yesterday.
  void open(std::string boot_id, std::string network_namespace);
  void close();

  /// Which boot and namespace all of this is about; empty without a boot id.
  std::string origin() const { return boot_id_.empty() ? "" : boot_id_ + ' ' + namespace_ + ' '; }

  bool known(int index) const { return lives_.contains(index); }
  /// It was there before us.
  void meet(int index, bool watched);
  /// It appeared while we ran. One that carried something already was elsewhere before: that is not ours.
  void appear(int index, bool watched, bool from_zero);
  /// It goes by this name now, which is watched or not. What it carried under one that is not watched is not ours.
  void rename(int index, bool watched, bool from_zero);
  /// Its counters fell. Either all began again at zero, or what they tell is only good as a mark.
  void restart(int index, bool from_zero);
  void end(int index);
  /// Ends all others.
  void keep_only(const std::set<int>& present);

  std::uint64_t epoch(int index) const;
  bool born(int index) const;
  /// Whether the next sample only sets the mark.
  bool mark_due(int index) const;
  void marked(int index);

 private:
  struct Life {
    bool born = false, mark_due = false, watched = false;
    bool used = false;  // there may be samples of it
  };
  void begin(int index, Life life);
  void renew(int index);
  std::string key(int index) const { return "generation/" + std::to_string(index); }

  Host& host_;
  std::string boot_id_, namespace_;
  std::map<int, Life> lives_;
  std::map<int, std::string> generations_;  // only of those that are not the first of their index; kept in the state
  std::vector<int> ended_;                  // the latest, as a ring
  std::size_t next_ended_ = 0;
};

/// Whether the traffic counters are all zero.
bool at_zero(const LinkCounters& counters);

enum class Fall : std::uint8_t { none, some, all };
/// Whether counters of one device were zeroed. A small step back is a driver's inaccuracy, which the high-water mark
/// evens out; `all` says that each of them began again, so that nothing is counted twice.
Fall fell(const LinkCounters& before, const LinkCounters& now);

/// A counter of one life only grows; some drivers (veth) forget what they received before they announce the end.
void raise(LinkCounters& last, const LinkCounters& now);

}  // namespace trafficd::interface
