#include "link_totals.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cmath>

#include "link_folder.hpp"
#include "trafficd/units.hpp"

namespace trafficd::interface {
namespace {

constexpr std::uint64_t range = std::uint64_t{1} << 32;
constexpr std::uint64_t least_saved = 1 << 20;  // below that only the first reading is worth a write
constexpr std::uint64_t save_step = range / 4;  // of narrow counters, so that a wrap shows after a kill
constexpr double most_in_packet = 65'536;       // segments that the card cuts up count as one
constexpr double least_in_packet = 20;
constexpr std::size_t byte_counters = 2;  // rx_bytes, tx_bytes; the packets stand behind them
constexpr std::string_view prefix = "totals/";

std::uint64_t total(const LinkCounters& raw, std::size_t i, std::uint64_t base) { return raw[i].as_unsigned() + base; }

bool falls(const LinkCounters& before, const LinkCounters& now, std::size_t i) {
  return !before[i].absent() && !now[i].absent() && now[i].as_unsigned() < before[i].as_unsigned();
}

/// Whether counter `i`, which fell, can only have wrapped: its partner, packets for bytes and bytes for packets, went
/// on at a pace that fits, as it does not when a driver begins anew.
bool wrapped_only(const LinkCounters& before, const LinkCounters& now, std::size_t i, double most_bytes) {
  if (i >= 2 * byte_counters || before[i].as_unsigned() >= range) return false;
  const std::size_t partner = (i + byte_counters) % (2 * byte_counters);
  if (before[partner].absent() || now[partner].absent() || falls(before, now, partner)) return false;
  const auto beside = static_cast<double>(now[partner].as_unsigned() - before[partner].as_unsigned());
  const auto grown = static_cast<double>(range - before[i].as_unsigned() + now[i].as_unsigned());
  if (i >= byte_counters) return grown <= beside / least_in_packet;
  return grown <= beside * most_in_packet && grown <= most_bytes;
}

}  // namespace

bool narrow_kernel(const std::filesystem::path& proc, bool this_machine) {
  std::string machine = read_line(proc / "sys/kernel/arch");
  utsname system{};
  if (machine.empty() && this_machine && ::uname(&system) == 0) machine = system.machine;
  return !machine.empty() && machine.find("64") == machine.npos && machine != "s390x" && machine != "alpha";
}

void LinkTotals::open(std::string origin, bool narrow) {
  origin_ = std::move(origin);
  narrow_ = narrow;
  for (const std::string& name : host_.state().keys()) {
    if (!name.starts_with(prefix)) continue;
    const auto index = parse_number<int>(std::string_view(name).substr(prefix.size()));
    Memory memory;
    if (index && *index > 0 && name == key(*index) && parse(host_.state().get(name).value_or(""), memory))
      links_[*index] = memory;
    else
      host_.state().erase(name);  // of another boot
  }
}

/// Adds the range to each counter that wrapped. A single one that fell and cannot have wrapped shows that they began
/// anew: then nothing is added.
bool LinkTotals::carry_wraps(Memory& memory, const LinkCounters& now, std::uint64_t max_rate, Timestamp time) const {
  const double seconds = std::chrono::duration<double>(time - memory.time).count();
  // Where the time is not known, because the clock was put back, the packets alone tell.
  const bool bounded = max_rate > 0 && seconds > 0;
  const double most_bytes = bounded ? static_cast<double>(max_rate) * std::max(seconds, 1.0) : HUGE_VAL;
  std::array<bool, link_counter_count> wrapped{};
  bool any = false;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (!falls(memory.raw, now, i)) continue;
    wrapped[i] = narrow_ && wrapped_only(memory.raw, now, i, most_bytes);
    if (!wrapped[i] && now[i].as_unsigned() <= memory.raw[i].as_unsigned() / 2) return false;
    any = any || wrapped[i];
  }
  for (std::size_t i = 0; i < now.size(); ++i)
    if (wrapped[i]) memory.base[i] += range;
  return any;
}

LinkTotals::Step LinkTotals::follow(int index, LinkCounters& counters, std::uint64_t max_rate, Timestamp now) {
  Memory& memory = links_[index];
  Step step{Fall::none, std::exchange(memory.remembered, false)};
  const bool wrapped = carry_wraps(memory, counters, max_rate, now);
  if (!wrapped) step.fall = fell(memory.raw, counters);
  for (std::size_t i = 0; i < counters.size(); ++i) {
    if (counters[i].absent()) continue;
    memory.raw[i] = counters[i];
    counters[i] = total(memory.raw, i, memory.base[i]);
  }
  memory.time = now;
  if (step.fall == Fall::none && (wrapped || due(memory))) save(index, memory);
  return step;
}

LinkCounters LinkTotals::totals_of(int index, LinkCounters counters, std::uint64_t max_rate, Timestamp now) const {
  const auto known = links_.find(index);
  if (known == links_.end()) return counters;
  Memory memory = known->second;
  carry_wraps(memory, counters, max_rate, now);
  for (std::size_t i = 0; i < counters.size(); ++i)
    if (!counters[i].absent()) counters[i] = total(counters, i, memory.base[i]);
  return counters;
}

void LinkTotals::restart(int index, LinkCounters& counters, Timestamp now) {
  Memory& memory = links_[index];
  // Bytes may stand in them that were carried on from the life before.
  for (std::size_t i = 0; i < counters.size(); ++i)
    if (!counters[i].absent()) counters[i] = memory.raw[i];
  memory.base = {};
  memory.time = now;
  save(index, memory);
}

bool LinkTotals::remembers(int index) const {
  const auto known = links_.find(index);
  return known != links_.end() && known->second.remembered;
}

bool LinkTotals::due(const Memory& memory) const {
  if (!memory.kept) return true;
  for (std::size_t i = 0; i < byte_counters; ++i) {
    const std::uint64_t reached = total(memory.raw, i, memory.base[i]);
    if (reached / 2 >= std::max(memory.saved[i], least_saved / 2)) return true;
    if (narrow_ && reached / save_step != memory.saved[i] / save_step) return true;
  }
  return false;
}

void LinkTotals::save(int index, Memory& memory) {
  for (std::size_t i = 0; i < byte_counters; ++i) memory.saved[i] = total(memory.raw, i, memory.base[i]);
  memory.kept = true;
  if (origin_.empty()) return;
  std::string text = concat(origin_, memory.time.time_since_epoch().count());
  for (std::size_t i = 0; i < memory.raw.size(); ++i)
    text += memory.raw[i].absent() ? " -" : concat(" ", memory.raw[i].as_unsigned(), "+", memory.base[i]);
  host_.state().put(key(index), std::move(text));
}

bool LinkTotals::parse(std::string_view text, Memory& memory) const {
  if (origin_.empty() || !text.starts_with(origin_)) return false;
  text.remove_prefix(origin_.size());
  const auto word = [&text](char end) {
    const std::string_view part = text.substr(0, text.find(end));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    return part;
  };
  const auto time = parse_number<std::int64_t>(word(' '));
  if (!time) return false;
  memory.time = Timestamp{Duration{*time}};
  for (std::size_t i = 0; i < memory.raw.size(); ++i) {
    std::string_view value = word(' ');
    if (value == "-") continue;
    const std::size_t plus = value.find('+');
    const auto raw = parse_number<std::uint64_t>(value.substr(0, plus));
    const auto base = parse_number<std::uint64_t>(plus == value.npos ? "" : value.substr(plus + 1));
    if (!raw || !base) return false;
    memory.raw[i] = *raw;
    memory.base[i] = *base;
  }
  for (std::size_t i = 0; i < byte_counters; ++i) memory.saved[i] = total(memory.raw, i, memory.base[i]);
  memory.remembered = memory.kept = true;
  return text.empty();
}

void LinkTotals::end(int index) {
  if (links_.erase(index) == 0) return;
  if (host_.state().get(key(index))) host_.state().erase(key(index));
}

void LinkTotals::keep_only(const std::set<int>& present) {
  std::set<int> gone;
  for (const auto& link : links_)
    if (!present.contains(link.first)) gone.insert(link.first);
  for (const int index : gone) end(index);
}

}  // namespace trafficd::interface
