#pragma once
// The lives of interface counters: when they began, under which epoch they go, and what of them is not ours. An index
// is one device's as long as it is there; one that is given again, or whose counters were zeroed, begins another life.

#include <cstdint>
#include <map>
#include <set>
#include <string>

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
  /// It was there before us. `used`: there are samples of it from before this start.
  void meet(int index, bool watched, bool used = false);
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

  /// Once a tick. Who is there and not ours is written seldom: containers come and go all the time.
  void note_others();

 private:
  struct Life {
    bool born = false, mark_due = false, watched = false;
    bool used = false;         // there may be samples of it
    bool given_again = false;  // and of another one that had its index
  };
  /// What the next start must know of a life; kept in the state.
  struct Note {
    std::string generation;  ///< empty: the first of its index
    bool mark = false;       ///< it began with a mark
    bool away = false;       ///< there are samples of it, and now it goes by a name that is not watched
    std::int64_t born = 0;   ///< when it began under our eyes, unix seconds; 0: it did not
    friend bool operator==(const Note&, const Note&) = default;
  };
  Note note_of(int index) const;
  void note_birth(int index);
  /// Whether a holder may still not know it: what it carried may have been lost with the daemon that saw it begin.
  bool born_lately(const Note& note) const;
  void begin(int index, Life life);
  void renew(int index);
  void read_note(int index, std::string text);
  void read_others(const std::string& text);
  void note_highest(int index);
  void set_other(int index, bool is_other);
  void put_others();
  void remember(int index, Note note);
  std::string key(int index) const { return "generation/" + std::to_string(index); }

  Host& host_;
  std::string boot_id_, namespace_;
  std::map<int, Life> lives_;
  std::map<int, Note> notes_;
  int highest_ = 0;         // index of those that were ever ours since the boot
  int highest_before_ = 0;  // as it was when we began
  std::set<int> others_;    // that are there and never were ours
  bool more_others_ = false, others_changed_ = false;
  Timestamp others_due_;
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
