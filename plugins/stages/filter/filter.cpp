// Keeps or drops series by measurement and tags, and gives others attributes. What becomes of a series is decided once
// and remembered, so a sample costs one look-up.

#include <algorithm>

#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

using namespace std::chrono_literals;

struct Rule {
  std::vector<std::string> measurement;
  Tags tags;
};

struct Config {
  std::vector<Rule> keep, drop;
  Tags rename, add;
};

std::string check_rules(const std::vector<Rule>& rules) {
  const bool empty = std::ranges::any_of(rules, [](const Rule& r) { return r.measurement.empty() && r.tags.empty(); });
  return empty ? "a rule needs 'measurement' or 'tags': an empty one fits everything" : "";
}

std::string check_renames(const Tags& renames) {
  for (const Tag& rename : renames) {
    if (rename.value.empty()) return concat("'", rename.key, "' has no new name; give it one");
    if (const std::string fault = tag_name_fault(rename.value); !fault.empty()) return fault;
    if (rename.value == rename.key) return concat("'", rename.key, "' is renamed to itself; remove it");
    for (const Tag& other : renames) {
      if (&other != &rename && other.value == rename.value)
        return concat("'", other.key, "' and '", rename.key, "' both become '", rename.value, "'; choose two names");
      if (other.key == rename.value)
        return concat("'", rename.key, "' becomes '", other.key, "', which is renamed itself; choose another name");
    }
  }
  return "";
}

Options<Config> options() {
  const Options<Rule> rule =
      Options<Rule>{}
          .add("measurement", &Rule::measurement, "Measurements that fit: names with `*`, `?`, `[…]`; by default all.")
          .patterns(OptionDoc::Fits::measurement)
          .not_empty()
          .add("tags", &Rule::tags, "Tags that must fit, each a name and a pattern; a tag that is missing is empty.")
          .patterns(OptionDoc::Fits::anything);
  return Options<Config>{}
      .add_list("keep", &Config::keep, rule, "Only series that fit one of these rules are kept; by default all are.")
      .not_empty()
      .check([](const Config& c) { return check_rules(c.keep); })
      .add_list("drop", &Config::drop, rule, "Of those, series that fit one of these rules are dropped.")
      .not_empty()
      .check([](const Config& c) { return check_rules(c.drop); })
      .add("rename", &Config::rename, "Attributes that get another name: `old: new`.")
      .check([](const Config& c) { return check_renames(c.rename); })
      .add("add", &Config::add, "Attributes that every series gets; one that it has is replaced.")
      .check([](const Config& c) { return tag_name_fault(c.add); });
}

bool fits(const std::vector<Rule>& rules, const Series& series) {
  return std::ranges::any_of(rules, [&](const Rule& rule) { return series.fits(rule.measurement, rule.tags); });
}

/// What becomes of the series `source`; `result` is empty when it is dropped. Another handle of the same identity may
/// carry other attributes and is decided anew.
struct Decision {
  SeriesPtr source, result;
};

class Filter final : public Stage {
 public:
  Filter(const ConfigNode& node, Host& host)
      : config_(options().parse(node)),
        host_(host),
        untouchable_(host.log(), host.clock()),
        filtered_(host.meter().counter("filtered_samples")) {}

  static Declarations declare() {
    return {options().docs(), {}, "Makes no measurements of its own; what passes keeps its measurement and identity."};
  }

  void process(Batch& batch) override {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      settle(batch[i].series);
      if (!batch[i].series) continue;
      if (kept != i) batch[kept] = std::move(batch[i]);
      ++kept;
    }
    if (kept == batch.size()) return;
    filtered_.fetch_add(batch.size() - kept, std::memory_order_relaxed);
    batch.resize(kept);
  }

  Duration tick_interval() const override { return 10min; }
  void tick(Timestamp, Batch&) override { decisions_.purge(1); }

 private:
  void settle(SeriesPtr& series) {
    Decision* known = decisions_.get(series);
    if (!known) {
      series = decide(series);  // too many to remember them all: slower, and just as right
      return;
    }
    if (known->source != series) {
      SeriesPtr result = decide(series);
      // What passes as it is stays the plugin's own handle; only remembering it must not count as holding it.
      if (result == series) result = series->shared_from_this();
      *known = {series->shared_from_this(), std::move(result)};
    }
    if (known->result != series) series = known->result;
  }

  SeriesPtr decide(const SeriesPtr& series) {
    if (!config_.keep.empty() && !fits(config_.keep, *series)) return nullptr;
    if (fits(config_.drop, *series)) return nullptr;
    Tags attributes = series->attributes();
    for (const Tag& rename : config_.rename) rename_attribute(*series, attributes, rename);
    for (const Tag& add : config_.add) set_attribute(*series, attributes, add);
    if (attributes == series->attributes()) return series;
    return host_.derive(*series, series->measurement_ptr(), series->identity(), std::move(attributes));
  }

  void rename_attribute(const Series& series, Tags& attributes, const Tag& rename) {
    if (is_identity(series, rename.key)) return;
    const auto found = std::ranges::find(attributes, rename.key, &Tag::key);
    if (found == attributes.end() || is_identity(series, rename.value)) return;
    const Tag renamed{rename.value, std::move(found->value)};
    attributes.erase(found);
    set_attribute(series, attributes, renamed);
  }

  /// Keeps the attributes sorted, as those of a series are.
  void set_attribute(const Series& series, Tags& attributes, const Tag& tag) {
    if (is_identity(series, tag.key)) return;
    const auto place = std::ranges::lower_bound(attributes, tag.key, {}, &Tag::key);
    if (place != attributes.end() && place->key == tag.key)
      place->value = tag.value;
    else
      attributes.insert(place, tag);
  }

  /// Whether the tag says which thing is meant; then it stays as it is.
  bool is_identity(const Series& series, const std::string& key) {
    if (!find_tag(series.identity(), key)) return false;
    untouchable_.complain(Level::warning, concat("tag '", key, "' says which '", series.measurement().name(),
                                                 "' is meant and stays as it is; choose another name"));
    return true;
  }

  const Config config_;
  Host& host_;
  Complaint untouchable_;
  std::atomic<std::uint64_t>& filtered_;
  SeriesMap<Decision> decisions_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_STAGE(filter, trafficd::Filter, "Keeps or drops series, and gives them attributes.")
