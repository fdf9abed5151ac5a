#include <map>

#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

extern "C" const trafficd::PluginDescriptor* trafficd_input_self();

using namespace trafficd;
using namespace trafficd::testing;

namespace {

SelfReading output_reading(std::uint64_t dropped) {
  SelfReading r;
  r.instance = "broker";
  r.role = "output";
  r.plugin = "mqtt";
  r.samples_in = 100;
  r.samples_out = 100 - dropped;
  r.dropped = dropped;
  r.queue = 7;
  r.last_duration = std::chrono::milliseconds(250);
  if (dropped > 0)
    r.losses.push_back(
        {"thinned", dropped, Timestamp(std::chrono::milliseconds(1'500)), Timestamp(std::chrono::seconds(9))});
  r.own.push_back({"reconnects", 3, true});
  r.own.push_back({"backlog", -2, false});
  return r;
}

/// `measurement id reason/name field` to text.
std::map<std::string, std::string> numbers(const Batch& batch) {
  std::map<std::string, std::string> all;
  for (const Sample& sample : batch) {
    const Series& s = *sample.series;
    std::string key = s.measurement().name() + ' ' + std::string(*s.tag("id"));
    for (const char* tag : {"reason", "name"})
      if (const auto value = s.tag(tag)) key += ' ' + std::string(*value);
    for (std::size_t i = 0; i < sample.values.size(); ++i)
      if (!sample.values[i].absent()) append_value(all[key + ' ' + s.measurement().fields()[i].name], sample.values[i]);
  }
  return all;
}

}  // namespace

TEST_CASE("every number of every instance is published, absent ones are absent") {
  Bench bench(*trafficd_input_self());
  bench.host().set_self({output_reading(40)});
  REQUIRE(bench.collect().is_ok());
  auto got = numbers(bench.samples());
  CHECK(got["self_instance broker samples_in"] == "100");
  CHECK(got["self_instance broker samples_out"] == "60");
  CHECK(got["self_instance broker samples_dropped"] == "40");
  CHECK(got["self_instance broker queue"] == "7");
  CHECK(got["self_instance broker last_duration"] == "0.25");
  CHECK(got["self_loss broker thinned samples"] == "40");
  CHECK(got["self_loss broker thinned first_time"] == "1.5");
  CHECK(got["self_loss broker thinned last_time"] == "9.0");
  CHECK(got["self_plugin broker reconnects total"] == "3");
  CHECK(got["self_plugin broker backlog value"] == "-2");
  CHECK_FALSE(got.contains("self_plugin broker backlog total"));
}

TEST_CASE("a loss that appears later gets its series then; handles and epochs are kept") {
  Bench bench(*trafficd_input_self());
  bench.host().set_self({output_reading(0)});
  REQUIRE(bench.collect().is_ok());
  const Batch first = bench.samples();
  bench.clear();
  bench.host().set_self({output_reading(5)});
  REQUIRE(bench.collect().is_ok());
  CHECK(bench.samples().size() == first.size() + 1);
  CHECK(bench.samples().front().series == first.front().series);
  CHECK(bench.samples().front().epoch == first.front().epoch);
  CHECK(bench.samples().front().born);
}

TEST_CASE("another process is another life") {
  Bench one(*trafficd_input_self()), two(*trafficd_input_self());
  for (Bench* bench : {&one, &two}) {
    bench->host().set_self({output_reading(0)});
    REQUIRE(bench->collect().is_ok());
  }
  CHECK(one.samples().front().epoch != two.samples().front().epoch);
}
