#include "engine/changes.hpp"

#include <algorithm>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

bool same(const ConfigNode& a, const ConfigNode& b) {
  if (a.type != b.type || a.text != b.text || a.quoted != b.quoted || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size())
    return false;
  if (!std::ranges::equal(a.items, b.items, [](const auto& x, const auto& y) { return same(x, y); })) return false;
  return std::ranges::all_of(a.entries, [&](const ConfigEntry& entry) {
    const ConfigNode* other = b.find(entry.key);
    return other && same(entry.value, *other);
  });
}

bool same(const InstanceSettings& a, const InstanceSettings& b) {
  return a.plugin == b.plugin && a.interval == b.interval && a.tags == b.tags && a.max_series == b.max_series &&
         a.log == b.log && a.secret_files == b.secret_files && same(a.node, b.node);
}

bool same(const OutputSettings& a, const OutputSettings& b) {
  return same(static_cast<const InstanceSettings&>(a), static_cast<const InstanceSettings&>(b)) &&
         a.batch_size == b.batch_size && a.flush_interval == b.flush_interval && a.queue == b.queue &&
         a.spool.mode == b.spool.mode && a.spool.max_size.bytes == b.spool.max_size.bytes &&
         a.spool.max_age == b.spool.max_age;
}

/// Whether it can run on: where its samples come from and go to may be another matter.
bool same(const PipelineSettings& a, const PipelineSettings& b) {
  return a.queue == b.queue && std::ranges::equal(a.stages, b.stages, [](const auto& x, const auto& y) {
           return x.id == y.id && same(x, y);
         });
}

bool same_ways(const PipelineSettings& a, const PipelineSettings& b) {
  return a.inputs == b.inputs &&
         std::ranges::equal(a.outputs, b.outputs, [](const RouteSettings& x, const RouteSettings& y) {
           return x.to == y.to && x.measurements == y.measurements && x.tags == y.tags;
         });
}

template <class T>
const T* find(const std::vector<T>& all, const std::string& id) {
  const auto found = std::ranges::find(all, id, &T::id);
  return found == all.end() ? nullptr : &*found;
}

template <class T>
Changes::Part compare_parts(const std::vector<T>& before, const std::vector<T>& after) {
  Changes::Part part;
  for (const T& old : before)
    if (!find(after, old.id)) part.removed.insert(old.id);
  for (const T& now : after) {
    const T* old = find(before, now.id);
    if (!old)
      part.added.insert(now.id);
    else if (!same(*old, now))
      part.changed.insert(now.id);
  }
  return part;
}

}  // namespace

Changes compare(const Settings& before, const Settings& after) {
  Changes changes{compare_parts(before.inputs, after.inputs),
                  compare_parts(before.pipelines, after.pipelines),
                  compare_parts(before.outputs, after.outputs),
                  {},
                  {}};
  for (const PipelineSettings& now : after.pipelines)
    if (const PipelineSettings* old = find(before.pipelines, now.id);
        old && !changes.pipelines.changed.contains(now.id) && !same_ways(*old, now))
      changes.rerouted.insert(now.id);
  if (before.log != after.log) changes.at_restart.emplace_back("log");
  if (before.plugin_path != after.plugin_path) changes.at_restart.emplace_back("plugin_path");
  return changes;
}

bool Changes::empty() const {
  const auto none = [](const Part& part) {
    return part.added.empty() && part.changed.empty() && part.removed.empty() && part.failed.empty();
  };
  return none(inputs) && none(pipelines) && none(outputs) && rerouted.empty();
}

std::string Changes::text() const {
  std::string all;
  const auto tell = [&all](const char* kind, const std::set<std::string>& ids, const char* what) {
    for (const std::string& id : ids) all += concat(all.empty() ? "" : ", ", kind, " ", id, " ", what);
  };
  const auto tell_part = [&](const char* kind, const Part& part) {
    tell(kind, part.added, "new");
    tell(kind, part.changed, "changed");
    tell(kind, part.removed, "gone");
    tell(kind, part.failed, "begun again");
  };
  tell_part("input", inputs);
  tell_part("pipeline", pipelines);
  tell("pipeline", rerouted, "with other inputs or outputs");
  tell_part("output", outputs);
  return all;
}

}  // namespace trafficd
