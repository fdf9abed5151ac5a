#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using namespace std::chrono_literals;
using trafficd::testing::Bench;

extern "C" const trafficd::PluginDescriptor* trafficd_stage_filter();

namespace trafficd {
namespace {

/// What is wrong with this configuration.
std::string problem(std::string_view yaml) {
  try {
    Bench bench(*trafficd_stage_filter(), yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

const MeasurementPtr link = make_measurement("link", "A link.", {{"rx_bytes", Kind::counter, "By", ""}}, {"port"});

Batch one(const SeriesPtr& series) {
  return {{.series = series, .time = testing::ManualClock::default_start, .epoch = 7, .values = {1}}};
}

}  // namespace

TEST_CASE("without rules everything passes untouched") {
  Bench bench(*trafficd_stage_filter());
  const SeriesPtr port = bench.host().series(link, {{"port", "a"}});
  Batch batch = one(port);
  bench.process(batch);
  REQUIRE(batch.size() == 1);
  CHECK(batch[0].series == port);
  CHECK(bench.host().meter().counted("filtered_samples") == 0);
}

TEST_CASE("what is taken out is counted") {
  Bench bench(*trafficd_stage_filter(), "drop: [{ tags: { port: \"x*\" } }]");
  const SeriesPtr good = bench.host().series(link, {{"port", "a"}});
  const SeriesPtr bad = bench.host().series(link, {{"port", "x1"}});
  Batch batch{one(bad)[0], one(good)[0], one(bad)[0], one(good)[0]};
  bench.process(batch);
  REQUIRE(batch.size() == 2);
  CHECK(batch[0].series == good);
  CHECK(batch[1].series == good);
  CHECK(bench.host().meter().counted("filtered_samples") == 2);
}

TEST_CASE("a tag that is missing is empty") {
  Bench bench(*trafficd_stage_filter(), "keep: [{ tags: { site: \"?*\" } }]");
  Batch batch{one(bench.host().series(link, {{"port", "a"}}))[0],
              one(bench.host().series(link, {{"port", "b"}}, {{"site", "home"}}))[0]};
  bench.process(batch);
  REQUIRE(batch.size() == 1);
  CHECK(batch[0].series->tag("port") == "b");
}

TEST_CASE("a changed series is made once, and again when its attributes change") {
  Bench bench(*trafficd_stage_filter(), "add: { site: home }");
  const SeriesPtr port = bench.host().series(link, {{"port", "a"}});
  Batch first = one(port), second = one(port);
  bench.process(first);
  bench.process(second);
  CHECK(first[0].series == second[0].series);
  CHECK(first[0].series->same_identity(*port));
  CHECK(first[0].series->measurement_ptr() == port->measurement_ptr());
  CHECK(first[0].series->attributes() == Tags{{"site", "home"}});
  CHECK(first[0].epoch == 7);

  Batch third = one(bench.host().series(link, {{"port", "a"}}, {{"name", "new"}}));
  bench.process(third);
  CHECK(third[0].series->attributes() == Tags{{"name", "new"}, {"site", "home"}});
}

TEST_CASE("a decision follows the attributes of a series") {
  Bench bench(*trafficd_stage_filter(), "keep: [{ tags: { primary: \"yes\" } }]");
  Batch before = one(bench.host().series(link, {{"port", "a"}}));
  bench.process(before);
  CHECK(before.empty());
  Batch after = one(bench.host().series(link, {{"port", "a"}}, {{"primary", "yes"}}));
  bench.process(after);
  CHECK(after.size() == 1);
}

TEST_CASE("an attribute that has its value already costs no new series") {
  Bench bench(*trafficd_stage_filter(), "add: { site: home }");
  const SeriesPtr port = bench.host().series(link, {{"port", "a"}}, {{"site", "home"}});
  Batch batch = one(port);
  bench.process(batch);
  CHECK(batch[0].series == port);
}

TEST_CASE("identity is never renamed, and no attribute takes its name") {
  const std::string yaml = GENERATE("rename: { port: number }", "rename: { name: port }", "add: { port: number }");
  INFO(yaml);
  Bench bench(*trafficd_stage_filter(), yaml);
  const SeriesPtr port = bench.host().series(link, {{"port", "a"}}, {{"name", "Anna"}});
  Batch batch = one(port);
  bench.process(batch);
  CHECK(batch[0].series == port);
  CHECK(bench.log().contains(Level::warning, "tag 'port' says which 'link' is meant"));
}

TEST_CASE("decisions are forgotten with their series") {
  Bench bench(*trafficd_stage_filter(), "add: { site: home }");
  {
    Batch batch = one(bench.host().series(link, {{"port", "a"}}));
    bench.process(batch);
  }
  bench.clear();
  // What was derived; the source is only remembered, so that its input may have another.
  CHECK(bench.host().series_held() == 1);
  CHECK(bench.advance(30min).is_ok());
  CHECK(bench.host().series_held() == 0);
}

TEST_CASE("rules that cannot be meant are refused") {
  CHECK(problem("keep: [{ measurement: a }]\nadd: { a: b }").empty());
  CHECK(has(problem("keep: [{}]"), "an empty one fits everything"));
  CHECK(has(problem("drop: [{ measurement: a }, {}]"), "test.yaml:1:"));
  CHECK(has(problem("keep: [{ measurment: a }]"), "did you mean 'measurement'"));
  CHECK(has(problem("rename: { a: a }"), "renamed to itself"));
  CHECK(has(problem("rename: { a: c, b: c }"), "both become 'c'"));
  CHECK(has(problem("rename: { a: b, b: c }"), "which is renamed itself"));
  CHECK(has(problem("rename: { a: \"\" }"), "has no new name"));
}

}  // namespace trafficd
