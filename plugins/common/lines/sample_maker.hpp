#pragma once
// Readings of foreign programs to samples. Nobody declared their measurements, so they are made on the fly: one for
// each name and set of tags, all of one name with the same fields, to which a new one is added at the end. Everything
// that a program could let grow has a bound. One thread.

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "lines/reading.hpp"
#include "trafficd/host.hpp"

namespace trafficd::common {

struct SampleRules {
  std::vector<std::string> counters;    ///< patterns: fields that count, where the line does not say it
  std::vector<std::string> attributes;  ///< patterns: tags that describe and do not say which thing is meant
  CounterTraits traits{};               ///< of those counters
};

class SampleMaker {
 public:
  static constexpr std::size_t most_measurements = 1'000, most_fields = 200, most_tags = 32;
  static constexpr std::size_t longest_name = 64, longest_tag = 256;

  SampleMaker(Host& host, SampleRules rules);

  /// The sample, or why there is none. `now` is its time where the reading has none.
  Result<Sample> make(Reading reading, Timestamp now);

  std::size_t measurements() const { return measurements_; }
  std::size_t series() const { return series_.size(); }

 private:
  using Keys = std::vector<std::string>;
  /// All that goes by one name.
  struct Family {
    std::vector<FieldSpec> fields;
    std::set<std::string, std::less<>> tags;  ///< of any of its measurements
    std::map<Keys, MeasurementPtr> by_tags;   ///< may lack the newest fields
  };
  /// A handle, and what it was asked for with.
  struct Known {
    SeriesPtr series;
    Tags attributes;
    CounterTraits traits;
    SteadyTime seen;
  };

  std::string settle_tags(Reading& reading) const;
  std::string settle_fields(Reading& reading) const;
  std::string widen(Family& family, const Reading& reading) const;
  Result<MeasurementPtr> measurement_of(const Reading& reading);
  SeriesPtr series_of(const MeasurementPtr& measurement, const Reading& reading);
  void forget_old();

  Host& host_;
  const SampleRules rules_;
  std::map<std::string, Family, std::less<>> families_;
  std::size_t measurements_ = 0;  // in all families
  std::unordered_map<std::string, Known> series_;
  SteadyTime cleaned_;
};

}  // namespace trafficd::common
