// The tracker against models that know what really passed, and do not know the tracker.
#include "../property.hpp"

#include <map>
#include <sstream>

#include "trafficd/counter.hpp"

namespace trafficd {
namespace {

using testing::between;
using testing::once_in;
using testing::Random;
using Pair = std::array<std::uint64_t, 2>;

constexpr std::uint64_t cases = 10'000, day = 86'400, last = ~std::uint64_t{0};
constexpr std::size_t epilogue = 4;
constexpr std::int64_t start = 1'700'000'000;

SeriesPtr make_link(CounterTraits traits = {}) {
  static const MeasurementPtr measurement = make_measurement(
      "link", "", {{"rx_bytes", Kind::counter, "By", ""}, {"tx_bytes", Kind::counter, "By", ""}}, {"link"});
  return make_series("lan", measurement, {{"link", "a"}}, {}, traits);
}

/// What a sample says, to be printed.
struct Reading {
  std::int64_t time = 0;  ///< seconds since the start
  std::uint64_t epoch = 0;
  bool born = false, mark_only = false;
  std::array<Value, 2> values;

  Sample sample(const SeriesPtr& series) const {
    return {series, Timestamp{std::chrono::seconds{start + time}}, epoch, born, mark_only, {values[0], values[1]}};
  }
};

std::ostream& operator<<(std::ostream& out, const Reading& reading) {
  out << "  +" << reading.time << "s epoch " << reading.epoch << (reading.born ? "*" : "")
      << (reading.mark_only ? "!" : "");
  for (const Value& value : reading.values) value.absent() ? out << " -" : out << " " << value.as_unsigned();
  return out << "\n";
}

template <class Item>
std::string printed(const std::vector<Item>& items) {
  std::ostringstream out;
  for (const Item& item : items) out << item;
  return out.str();
}

/// Lives with names: of each counts what its highest total stands above its start, and that is zero but for a life
/// that was there before we were.
Pair passed_in_named_lives(const std::vector<Reading>& delivered) {
  struct Life {
    std::array<std::optional<std::uint64_t>, 2> start, high;
  };
  std::map<std::uint64_t, Life> lives;
  for (const Reading& reading : delivered) {
    const bool fresh = lives.find(reading.epoch) == lives.end(), known = !lives.empty();
    Life& life = lives[reading.epoch];
    if (fresh && !reading.mark_only && (reading.born || known)) life.start = life.high = {0, 0};
    for (std::size_t i = 0; i < 2; ++i) {
      if (reading.values[i].absent()) continue;
      const std::uint64_t total = reading.values[i].as_unsigned();
      if (!life.start[i]) life.start[i] = life.high[i] = total;
      life.high[i] = std::max(*life.high[i], total);
    }
  }
  Pair passed{};
  for (const auto& [epoch, life] : lives)
    for (std::size_t i = 0; i < 2; ++i) passed[i] += life.high[i].value_or(0) - life.start[i].value_or(0);
  return passed;
}

/// Restarts, resends, samples out of order, two pipelines, missing fields.
std::vector<Reading> make_named(Random& random) {
  std::vector<Reading> sent;
  Pair totals = {between(random, 0, 1'000), between(random, 0, 1'000)};
  Reading next{.time = 0, .epoch = 1, .born = once_in(random, 3)};
  for (std::uint64_t count = between(random, 2, 30); sent.size() < count;) {
    next.time += static_cast<std::int64_t>(between(random, 0, 20));
    for (std::uint64_t& total : totals) total += once_in(random, 3) ? 0 : between(random, 0, 500);
    if (once_in(random, 8) && next.epoch < 12) {
      totals = {between(random, 0, 50), between(random, 0, 50)};
      next = {.time = next.time, .epoch = next.epoch + 1, .born = once_in(random, 2), .mark_only = once_in(random, 4)};
    }
    for (std::size_t i = 0; i < 2; ++i) next.values[i] = once_in(random, 10) ? Value{} : Value{totals[i]};
    sent.push_back(next);
    next.mark_only = false;
    if (once_in(random, 15)) next.time -= static_cast<std::int64_t>(between(random, 1, 100'000));  // the clock
  }
  std::vector<Reading> delivered;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    delivered.push_back(sent[i]);
    for (int resent = 0; resent < 3 && once_in(random, 4); ++resent) delivered.push_back(sent[between(random, 0, i)]);
    if (delivered.size() > 1 && once_in(random, 6)) std::swap(delivered.back(), delivered[delivered.size() - 2]);
  }
  return delivered;
}

std::string named_fault(const std::vector<Reading>& delivered) {
  const SeriesPtr link = make_link();
  CounterTracker tracker;
  Pair counted{};
  std::vector<Reading> until_now;
  for (const Reading& reading : delivered) {
    const Increase increase = tracker.step(reading.sample(link));
    for (std::size_t i = 0; i < 2; ++i) counted[i] += increase.amounts[i];
    if (!increase.doubts.empty()) return "a life with a name is in doubt";
    until_now.push_back(reading);
    const Pair passed = passed_in_named_lives(until_now);
    if (counted != passed) {
      std::ostringstream out;
      out << "counted " << counted[0] << " and " << counted[1] << ", passed " << passed[0] << " and " << passed[1];
      return out.str();
    }
    CounterTracker stored;
    if (!stored.from_bytes(tracker.to_bytes(), 2)) return "the stored tracker cannot be read";
    tracker = stored;
  }
  return {};
}

/// What happens to a source that cannot tell its lives, between two readings and at the second of them.
struct Happening {
  std::uint64_t pause = 10;  ///< seconds
  Pair before{}, after{};    ///< what passes; between the two lies a restart, if there is one
  bool restart = false;
  std::uint64_t set_back = 0;   ///< per thousand of the totals, by a snapshot
  std::int64_t clock = 0;       ///< the clock is set by so many seconds
  std::array<bool, 2> wrong{};  ///< which field is misread
  std::uint64_t misread = 0;    ///< per thousand of the last right reading; above: what no line can carry
  std::uint64_t late = 0;       ///< comes once more by another pipeline, so many readings later
  CounterTraits traits;         ///< of the whole case: taken from the first
  Pair below_end = {};          ///< likewise: so far below the end of the width it begins; 0: somewhere else
};

std::ostream& operator<<(std::ostream& out, const Happening& h) {
  out << "  " << h.pause << "s: " << h.before[0] << "/" << h.before[1];
  if (h.restart) out << " restart " << h.after[0] << "/" << h.after[1];
  if (h.set_back > 0) out << " set back " << h.set_back << "/1000";
  if (h.clock != 0) out << " clock " << h.clock;
  if (h.wrong[0] || h.wrong[1]) out << " misread " << h.wrong[0] << h.wrong[1] << " as " << h.misread;
  if (h.late > 0) out << " again " << h.late << " later";
  return out << " (w" << int{h.traits.width} << " r" << h.traits.max_rate << " e" << h.below_end[0] << "/"
             << h.below_end[1] << ")\n";
}

/// The source as it is: plays what happens and remembers what passed.
struct Source {
  explicit Source(const std::vector<Happening>& happenings) : traits(happenings.front().traits) {
    for (std::size_t i = 0; i < 2; ++i)
      if (const std::uint64_t below = happenings.front().below_end[i]; below > 0) counter[i] = end() - below;
    for (const Happening& h : happenings) play(h);
  }

  struct Shown {
    Reading reading;
    Pair passed;  ///< since the first reading
    Pair most;    ///< what may be counted then
    std::uint64_t late;
  };

  void play(const Happening& h) {
    now += static_cast<std::int64_t>(h.pause) + h.clock;
    const bool jump = h.restart || h.set_back > 0;
    Pair unseen = since_good;
    for (std::size_t i = 0; i < 2; ++i) {
      counter[i] += h.before[i];
      if (!shown.empty()) passed[i] += h.before[i] + (h.restart ? h.after[i] : 0);
      since_good[i] += h.before[i];
      unseen[i] = since_good[i];
      if (h.restart) counter[i] = h.after[i];
      if (h.set_back > 0) counter[i] -= counter[i] / 1'000 * h.set_back;
    }
    if (jump) {
      for (std::size_t i = 0; i < 2; ++i) lost[i] = sum(lost[i], sum(unseen[i], good[i]));
      jumps = true;
    }
    restarted = restarted || h.restart;
    Reading reading{.time = now, .values = {shown_value(0), shown_value(1)}};
    const bool misread = !shown.empty() && (h.wrong[0] || h.wrong[1]);
    note_wraps(h, misread);
    for (std::size_t i = 0; i < 2; ++i)
      if (misread && h.wrong[i])
        reading.values[i] = h.misread > 1'000 ? std::uint64_t{1} << 62 : good[i] / 1'000 * h.misread;
    if (restarted) allow_wraps();
    for (std::size_t i = 0; i < 2; ++i) allowed[i] += shown_value(i) == last - 1 ? 1 : 0;
    if (!misread) {
      restarted = false;
      good = {shown_value(0), shown_value(1)};
      since_good = {};
    } else if (h.restart) {
      since_good = h.after;
    }
    shown.push_back({reading, passed, {passed[0] + allowed[0], passed[1] + allowed[1]}, h.late});
  }
  /// Who comes back from a restart just where a wrap would have led is taken for one: from any reading that may be the
  /// last that was borne out.
  void allow_wraps() {
    for (std::size_t i = 0; i < 2; ++i) {
      std::uint64_t most = 0;
      for (const Shown& earlier : shown) {
        const std::uint64_t before = earlier.reading.values[i].as_unsigned();
        const std::uint64_t wrap = (shown_value(i) - before) & (end() - 1);
        if (shown_value(i) < before && wrap <= (end() - 1) / 64) most = std::max(most, wrap);
      }
      allowed[i] += most;
    }
  }
  /// Without a rate nobody can tell a wrap and a wrong reading before the other is borne out, nor that a counter was
  /// set back to before its wrap: it only stands higher then.
  void note_wraps(const Happening& h, bool misread) {
    bool wraps = false;
    for (std::size_t i = 0; i < 2; ++i) wraps = wraps || (!shown.empty() && !h.restart && shown_value(i) < h.before[i]);
    if (wraps)
      calm = 0;
    else if (h.before[0] > 0 && h.before[1] > 0)
      ++calm;
    misread_since_good = misread || misread_since_good;
    for (std::size_t i = 0; i < 2; ++i)
      if (h.set_back > 0 && !shown.empty() && shown_value(i) > good[i]) beyond_telling = true;
    beyond_telling = beyond_telling || (traits.max_rate == 0 && misread_since_good && calm < 2);
    misread_since_good = misread_since_good && misread;
  }
  /// Of the width; that of 64 bits is 0, as its counters have it.
  std::uint64_t end() const { return traits.width < 64 ? std::uint64_t{1} << traits.width : 0; }
  std::uint64_t shown_value(std::size_t i) const { return counter[i] & (end() - 1); }
  static std::uint64_t sum(std::uint64_t a, std::uint64_t b) { return a > last - b ? last : a + b; }

  CounterTraits traits;
  std::int64_t now = 0;
  Pair counter = {4'000'000'000, 3'000'000'000};
  Pair passed{}, good{}, since_good{}, lost{};
  Pair allowed{};  ///< what nobody can help inventing
  bool jumps = false, restarted = false;
  std::uint64_t calm = 2;  ///< readings since a wrap; the last one is never borne out
  bool misread_since_good = false, beyond_telling = false;
  std::vector<Shown> shown;
};

/// Nobody can tell two wrong readings in a row, nor one that comes before a snapshot has been borne out; and nothing is
/// borne out before a clock that was put back is where it was.
bool one_at_a_time(const std::vector<Happening>& happenings) {
  std::size_t calm = 0;
  bool put_back = false;
  for (const Happening& h : happenings) {
    const bool odd = h.wrong[0] || h.wrong[1] || h.set_back > 0;
    if (odd && (calm < 2 || put_back)) return false;
    put_back = put_back || h.clock < 0;
    if (odd || h.restart)
      calm = 0;
    else if (h.before[0] > 0 && h.before[1] > 0)
      ++calm;
  }
  return true;
}

std::vector<Happening> make_unnamed(Random& random) {
  const std::array<CounterTraits, 5> all = {{{64, 0}, {64, 1'000'000}, {64, 20}, {32, 1'000'000}, {32, 0}}};
  const CounterTraits traits = all[between(random, 0, all.size() - 1)];
  const std::uint64_t rate = traits.max_rate > 0 ? traits.max_rate : 1'000'000;
  Pair below_end{};
  if (once_in(random, 3)) below_end = {between(random, 1, rate * 200), between(random, 1, rate * 2'000)};
  const bool set_clock = once_in(random, 3), two_pipelines = !set_clock && once_in(random, 2);
  std::vector<Happening> happenings;
  for (std::uint64_t count = between(random, 3, 25); happenings.size() < count;) {
    Happening h{.pause = between(random, 1, 60), .traits = traits, .below_end = below_end};
    const auto traffic = [&](std::uint64_t share) {
      return once_in(random, 3) ? 0 : between(random, 0, rate * h.pause / share);
    };
    h.before = {traffic(2), traffic(2)};
    h.restart = once_in(random, 8);
    if (h.restart) h.after = {traffic(2), traffic(2)};
    if (!h.restart && once_in(random, 20)) h.set_back = between(random, 1, 400);
    if (set_clock && once_in(random, 6)) {
      const std::uint64_t reach = once_in(random, 2) ? 3'600 : 40 * day;
      h.clock = static_cast<std::int64_t>(between(random, 0, 2 * reach)) - static_cast<std::int64_t>(reach);
    }
    // A wrong reading: zero, something lower, or what no line can carry.
    if (h.set_back == 0 && once_in(random, 6)) {
      h.wrong = {once_in(random, 2), once_in(random, 2)};
      h.misread = once_in(random, 2) ? 0 : once_in(random, 2) ? between(random, 1, 999) : 2'000;
    }
    if (two_pipelines && once_in(random, 2)) h.late = between(random, 1, 4);
    happenings.push_back(h);
    if (one_at_a_time(happenings)) continue;
    happenings.back().set_back = 0;
    happenings.back().wrong = {};
  }
  return happenings;
}

std::string unnamed_fault(std::vector<Happening> happenings) {
  if (!one_at_a_time(happenings)) return {};
  // Time for all that waits: for a clock that was put back, for the next reading.
  const std::array<std::uint64_t, epilogue> pauses = {60 * day, 10, 10, 10};
  for (const std::uint64_t pause : pauses)
    happenings.push_back({.pause = pause,
                          .before = {5, 5},
                          .traits = happenings.front().traits,
                          .below_end = happenings.front().below_end});
  const Source source(happenings);
  if (source.beyond_telling || source.calm == 0) return {};
  std::multimap<std::size_t, std::size_t> again;
  CounterTracker tracker;
  Pair counted{}, aside{};
  const SeriesPtr link = make_link(source.traits);
  const auto step = [&](std::size_t at) {
    const Increase increase = tracker.step(source.shown[at].reading.sample(link));
    for (std::size_t i = 0; i < 2; ++i) counted[i] += increase.amounts[i];
    for (const Doubt& doubt : increase.doubts) aside[doubt.counter] += doubt.most;
  };
  bool clock = false;
  for (std::size_t at = 0; at < source.shown.size(); ++at) {
    step(at);
    if (source.shown[at].late > 0) again.emplace(at + source.shown[at].late, at);
    for (auto [from, to] = again.equal_range(at); from != to; ++from)
      if (at < happenings.size() - epilogue) step(from->second);
    clock = clock || happenings[at].clock < 0;
    for (std::size_t i = 0; i < 2; ++i)
      if (counted[i] > source.shown[at].most[i])
        return "invented: counted " + std::to_string(counted[i]) + " of " + std::to_string(source.shown[at].passed[i]) +
               " in field " + std::to_string(i) + " after " + std::to_string(at + 1) + " readings";
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const std::uint64_t passed = source.shown.back().passed[i];
    if (!(clock && source.jumps) && Source::sum(counted[i] + aside[i] + source.allowed[i], source.lost[i]) < passed)
      return "lost: counted " + std::to_string(counted[i]) + ", set aside " + std::to_string(aside[i]) + " of " +
             std::to_string(passed) + " in field " + std::to_string(i);
    if (!source.jumps && aside[0] + aside[1] == 0 &&
        (counted[i] + source.allowed[i] < passed || counted[i] > passed + source.allowed[i]))
      return "nothing jumped, nothing is in doubt, and still " + std::to_string(counted[i]) + " of " +
             std::to_string(passed) + " in field " + std::to_string(i);
  }
  return {};
}

}  // namespace

TEST_CASE("property: lives with names count to the byte, whatever comes again or out of order") {
  testing::for_all(cases, make_named, named_fault, printed<Reading>);
}

TEST_CASE("property: without names nothing is invented, and what is not counted is set aside or was never seen") {
  testing::for_all(cases, make_unnamed, unnamed_fault, printed<Happening>);
}

}  // namespace trafficd
