#pragma once
// Who a number belongs to. A Measurement is the declared shape (fields, identity tags); a Series is one thing that
// is measured. Both are immutable, made once by the SDK library and shared by handle; a plugin keeps the handle
// beside its counter, so that a sample costs a handle and some numbers.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trafficd {

enum class Kind : std::uint8_t {
  counter,  ///< total since its epoch began, only grows; a lost sample is repaired by the next one
  delta,    ///< amount since the last sample of the series; a lost sample is lost for good
  gauge,    ///< the value at this moment
};

std::string_view to_string(Kind kind);

struct FieldSpec {
  std::string name;
  Kind kind = Kind::gauge;
  std::string unit;  ///< UCUM-like: "By", "1", "s", "bit/s", "{packet}"; empty when there is none
  std::string help;
};

struct Tag {
  std::string key;
  std::string value;
  friend bool operator==(const Tag&, const Tag&) = default;
  friend auto operator<=>(const Tag&, const Tag&) = default;
};
using Tags = std::vector<Tag>;

/// The value of `key` in `tags`, or nothing.
std::optional<std::string_view> find_tag(const Tags& tags, std::string_view key);

/// Why nobody should give an attribute this name, and what to do; empty when it may have it. A name that means
/// something else to a database costs the point there.
std::string tag_name_fault(std::string_view key);
/// The same for each that has one.
std::string tag_name_fault(const Tags& tags);

class Measurement {
 public:
  const std::string& name() const { return name_; }
  const std::string& help() const { return help_; }
  const std::vector<FieldSpec>& fields() const { return fields_; }
  /// The tags that, together with the instance, say which thing is meant.
  const std::vector<std::string>& identity() const { return identity_; }
  /// Where among the fields the counters stand.
  const std::vector<std::size_t>& counters() const { return counters_; }
  std::optional<std::size_t> field(std::string_view name) const;
  /// Same name, fields (name and kind) and identity tags: two plugins may then both declare it.
  bool compatible(const Measurement& other) const;

 private:
  friend std::shared_ptr<const Measurement> make_measurement(std::string, std::string, std::vector<FieldSpec>,
                                                             std::vector<std::string>);
  Measurement() = default;
  std::string name_, help_;
  std::vector<FieldSpec> fields_;
  std::vector<std::string> identity_;
  std::vector<std::size_t> counters_;
};
using MeasurementPtr = std::shared_ptr<const Measurement>;

/// Made once per plugin. Identity tags are kept sorted. Any thread.
MeasurementPtr make_measurement(std::string name, std::string help, std::vector<FieldSpec> fields,
                                std::vector<std::string> identity);

/// What a source knows of its counters, for telling a wrap from a restart. It travels with the series.
struct CounterTraits {
  std::uint8_t width = 64;     ///< bits after which the counters wrap: 32 or 64
  std::uint64_t max_rate = 0;  ///< the most that one second can add, in the field's unit; 0: not known
  friend bool operator==(const CounterTraits&, const CounterTraits&) = default;
};

/// Equality and hash see the instance, the measurement's name and the identity tags only: a thing keeps its history
/// when it is renamed.
class Series : public std::enable_shared_from_this<Series> {
 public:
  const std::string& instance() const { return instance_; }
  const Measurement& measurement() const { return *measurement_; }
  const MeasurementPtr& measurement_ptr() const { return measurement_; }
  const Tags& identity() const { return identity_; }      ///< sorted by key
  const Tags& attributes() const { return attributes_; }  ///< sorted by key; description, never identity
  const CounterTraits& traits() const { return traits_; }
  /// A tag by name, identity first.
  std::optional<std::string_view> tag(std::string_view key) const;
  /// Whether one of the patterns of measurements fits (all do when there are none), and every tag its pattern; a tag
  /// that is missing is empty.
  bool fits(const std::vector<std::string>& measurements, const Tags& tags) const;
  std::size_t hash() const { return hash_; }
  bool same_identity(const Series& other) const;
  /// Over the instance's `max_series`: its samples are dropped and counted by the runner.
  bool muted() const { return muted_; }

  Series(const Series&) = delete;
  Series& operator=(const Series&) = delete;

 private:
  friend struct SeriesFactory;
  Series() = default;
  std::string instance_;
  MeasurementPtr measurement_;
  Tags identity_, attributes_;
  CounterTraits traits_;
  std::size_t hash_ = 0;
  bool muted_ = false;
};
/// A handle that a Host gave out counts towards the instance's `max_series` until its last copy goes. Who only
/// remembers a series (a table of answers, a baseline) keeps `handle->shared_from_this()`, which does not count.
using SeriesPtr = std::shared_ptr<const Series>;

/// For hosts and codecs; a plugin asks its Host. Missing identity tags become empty values, superfluous ones
/// attributes. `held`, when given, is counted up, and down again when the last copy of this handle goes; above `limit`
/// the series is muted.
SeriesPtr make_series(std::string instance, MeasurementPtr measurement, Tags identity, Tags attributes = {},
                      CounterTraits traits = {}, std::shared_ptr<std::atomic<std::int64_t>> held = nullptr,
                      std::int64_t limit = 0);

/// The only map keyed by series: by identity, bounded; `purge` forgets what no longer comes. One thread.
template <class T>
class SeriesMap {
 public:
  explicit SeriesMap(std::size_t limit = 100'000) : limit_(limit) {}
  SeriesMap(SeriesMap&& other) noexcept
      : map_(std::move(other.map_)), order_(other.order_), limit_(other.limit_), round_(other.round_) {
    other.clear();
  }
  SeriesMap& operator=(SeriesMap&&) = delete;

  T* find(const SeriesPtr& series) {
    Item* const item = look_up(series);
    if (!item) return nullptr;
    item->second.seen = round_;
    return &item->second.value;
  }
  /// The entry of `series`, made when missing; nullptr when the map is full.
  T* get(const SeriesPtr& series) {
    if (T* known = find(series)) return known;
    if (map_.size() >= limit_) return nullptr;
    last_ = &*map_.emplace(series->shared_from_this(), Entry{T{}, round_}).first;
    return &last_->second.value;
  }
  /// Drops what has not been asked for during the last `rounds` calls of purge.
  void purge(std::uint64_t rounds) {
    ++round_;
    forget_order();
    std::erase_if(map_, [&](const auto& item) { return item.second.seen + rounds < round_; });
  }
  void erase(const SeriesPtr& series) {
    forget_order();
    map_.erase(series);
  }
  void clear() {
    forget_order();
    map_.clear();
  }
  std::size_t size() const { return map_.size(); }
  std::size_t limit() const { return limit_; }

 private:
  struct Entry;
  using Item = std::pair<const SeriesPtr, Entry>;
  struct Entry {
    T value;
    std::uint64_t seen;
    Item* next = nullptr;  // who was asked for after it, as long as `order` holds
    std::uint64_t order = 0;
  };
  struct Hash {
    std::size_t operator()(const SeriesPtr& s) const { return s->hash(); }
  };
  struct Same {
    bool operator()(const SeriesPtr& a, const SeriesPtr& b) const { return a == b || a->same_identity(*b); }
  };
  /// Most inputs give the same series in the same order each time: then nothing is searched.
  Item* look_up(const SeriesPtr& series) {
    Item* const before = last_;
    if (before && before->second.order == order_ && before->second.next->first == series)
      return last_ = before->second.next;
    const auto found = map_.find(series);
    if (found == map_.end()) return nullptr;
    last_ = &*found;
    if (before) {
      before->second.next = last_;
      before->second.order = order_;
    }
    return last_;
  }
  void forget_order() {
    ++order_;
    last_ = nullptr;
  }

  std::unordered_map<SeriesPtr, Entry, Hash, Same> map_;
  Item* last_ = nullptr;
  std::uint64_t order_ = 1;
  std::size_t limit_;
  std::uint64_t round_ = 0;
};

}  // namespace trafficd
