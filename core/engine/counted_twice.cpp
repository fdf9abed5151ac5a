#include "engine/counted_twice.hpp"

#include <algorithm>

namespace trafficd {

namespace {

/// A stage that counts for itself, and where it stands.
struct Counting {
  const PipelineSettings& pipeline;
  const InstanceSettings& stage;
  std::string suffix;  // of the measurements that it makes
};

std::vector<Counting> counting_stages(Catalog& catalog, const Settings& settings) {
  std::vector<Counting> all;
  for (const PipelineSettings& pipeline : settings.pipelines)
    for (const InstanceSettings& stage : pipeline.stages)
      if (const auto plugin = catalog.find(PluginType::stage, stage.plugin))
        for (const auto& [suffix, kind] : (*plugin)->declared.suffixes)
          if (kind == Kind::counter) all.push_back({pipeline, stage, suffix});
  return all;
}

/// Patterns for what such a stage makes of this input.
std::vector<std::string> made_of(Catalog& catalog, const InstanceSettings& input, const std::string& suffix) {
  const auto plugin = catalog.find(PluginType::input, input.plugin);
  const Declarations declared = plugin ? (*plugin)->declared : Declarations{};
  if (declared.measurements.empty()) return {"*" + suffix};
  std::vector<std::string> all;
  for (const MeasurementPtr& measurement : declared.measurements)
    if (std::ranges::find(measurement->fields(), Kind::counter, &FieldSpec::kind) != measurement->fields().end())
      all.push_back(concat(measurement->name(), "*", suffix));
  return all;
}

/// Every combination of patterns: whether one name can fit all three.
bool both_pass(const RouteSettings& a, const RouteSettings& b, const std::string& made) {
  const auto patterns = [](const RouteSettings& route) {
    return route.measurements.empty() ? std::vector<std::string>{"*"} : route.measurements;
  };
  return std::ranges::any_of(patterns(a), [&](const std::string& x) {
    return patterns_meet(x, made) && std::ranges::any_of(patterns(b), [&](const std::string& y) {
             return patterns_meet(y, made) && patterns_meet(x, y);
           });
  });
}

/// Whether a stage before it may leave away what the other one counts.
bool is_first(const Counting& each) { return &each.stage == &each.pipeline.stages.front(); }

/// The first output that gets one of `made` by both pipelines, and which.
std::optional<std::pair<std::string, std::string>> meet(const PipelineSettings& a, const PipelineSettings& b,
                                                        const std::vector<std::string>& made) {
  for (const RouteSettings& one : a.outputs)
    for (const RouteSettings& other : b.outputs)
      for (const std::string& name : made)
        if (one.to == other.to && one.tags.empty() && other.tags.empty() && both_pass(one, other, name))
          return std::pair{one.to, name};
  return std::nullopt;
}

/// What `later` counts beside `earlier`, of the first input where it does; empty when nothing.
std::string fault(Catalog& catalog, const Settings& settings, const Counting& earlier, const Counting& later) {
  const auto reads = [](const Counting& each, const std::string& input) {
    return std::ranges::find(each.pipeline.inputs, input) != each.pipeline.inputs.end();
  };
  for (const InstanceSettings& input : settings.inputs) {
    if (!reads(earlier, input.id) || !reads(later, input.id)) continue;
    if (&earlier.pipeline != &later.pipeline && !(is_first(earlier) && is_first(later))) continue;
    const auto found = meet(earlier.pipeline, later.pipeline, made_of(catalog, input, earlier.suffix));
    if (!found) continue;
    const bool same = &earlier.pipeline == &later.pipeline;
    const std::string what =
        concat("output '", found->first, "' would get '", found->second, "' of input '", input.id,
               "' from here and from ", same ? "stage '" : "pipeline '", same ? earlier.stage.id : earlier.pipeline.id,
               "', each with a total of its own, and count twice; ");
    if (same) return concat(what, "one '", later.stage.plugin, "' is enough");
    return concat(
        what, "join the pipelines, take '", later.stage.plugin,
        "' out of one, or name in 'when: { measurement: … }' of that output what else it gets from one of them");
  }
  return {};
}

}  // namespace

void refuse_counted_twice(Catalog& catalog, const Settings& settings, Problems& problems) {
  const std::vector<Counting> all = counting_stages(catalog, settings);
  for (auto later = all.begin(); later != all.end(); ++later)
    for (auto earlier = all.begin(); earlier != later; ++earlier) {
      if (earlier->suffix != later->suffix) continue;
      if (std::string words = fault(catalog, settings, *earlier, *later); !words.empty()) {
        problems.push_back({later->stage.plugin_mark, later->stage.node.path, std::move(words)});
        break;  // one such is enough to say of this stage
      }
    }
}

bool patterns_meet(std::string_view a, std::string_view b) {
  const auto is_star = [](char c) { return c == '*' || c == '?' || c == '['; };
  const auto texts = [&](std::string_view pattern) {
    std::string plain;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      plain += is_star(pattern[i]) ? '*' : pattern[i];
      // To the end of a set; a closing bracket that comes first is one of its members.
      if (pattern[i] == '[')
        i = std::min(pattern.find(']', i + (pattern.substr(i + 1, 1) == "!" ? 3 : 2)), pattern.size());
    }
    return plain;
  };
  const std::string x = texts(a), y = texts(b);
  // By how much of `y`, from its end, meets the rest of `x`.
  std::vector<bool> meets(y.size() + 1), next;
  for (std::size_t i = x.size() + 1; i-- > 0;) {
    next.swap(meets);
    meets.assign(y.size() + 1, false);
    for (std::size_t j = y.size() + 1; j-- > 0;) {
      const bool x_ends = i == x.size(), y_ends = j == y.size();
      if (x_ends && y_ends)
        meets[j] = true;
      else if (!x_ends && x[i] == '*')
        meets[j] = next[j] || (!y_ends && meets[j + 1]);
      else if (!y_ends && y[j] == '*')
        meets[j] = meets[j + 1] || (!x_ends && next[j]);
      else
        meets[j] = !x_ends && !y_ends && x[i] == y[j] && next[j + 1];
    }
  }
  return meets[0];
}

}  // namespace trafficd
