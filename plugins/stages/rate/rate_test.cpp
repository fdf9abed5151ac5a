#include "catch.hpp"
#include "trafficd/testing/bench.hpp"

using namespace std::chrono_literals;
using trafficd::testing::Bench;

extern "C" const trafficd::PluginDescriptor* trafficd_stage_rate();

namespace trafficd {
namespace {

const MeasurementPtr link = make_measurement("link", "A link.",
                                             {{"rx_bytes", Kind::counter, "By", "Received."},
                                              {"frames", Kind::counter, "{frame}", "Frames."},
                                              {"up", Kind::gauge, "", "Whether it is up."},
                                              {"busy", Kind::counter, "s", "Time in use."},
                                              {"errors", Kind::counter, "", "Errors."}},
                                             {"port"});

Timestamp at(Duration since_start) { return testing::ManualClock::default_start + since_start; }

Sample sample(const SeriesPtr& series, Duration time, std::vector<Value> values, std::uint64_t epoch = 1) {
  return {.series = series, .time = at(time), .epoch = epoch, .values = std::move(values)};
}

}  // namespace

TEST_CASE("the derived measurement says what it is") {
  Bench bench(*trafficd_stage_rate());
  const SeriesPtr port = bench.host().series(link, {{"port", "p1"}}, {{"site", "home"}});
  Batch first{sample(port, 0s, {1000, 10, 1, 5, 0})};
  bench.process(first);
  CHECK(first.size() == 1);

  Batch second{sample(port, 4s, {3000, 11, 1, 7, 0})};
  bench.process(second);
  REQUIRE(second.size() == 2);
  const Sample& rate = second[1];
  const Measurement& measurement = rate.series->measurement();
  CHECK(measurement.name() == "link_rate");
  CHECK(measurement.identity() == std::vector<std::string>{"port"});
  CHECK(rate.series->attributes() == Tags{{"site", "home"}});
  REQUIRE(measurement.fields().size() == 4);
  CHECK(measurement.fields()[0].unit == "By/s");
  CHECK(measurement.fields()[1].unit == "{frame}/s");
  CHECK(measurement.fields()[2].name == "busy");
  CHECK(measurement.fields()[2].unit == "1");
  CHECK(measurement.fields()[3].unit == "1/s");
  for (const FieldSpec& field : measurement.fields()) CHECK(field.kind == Kind::gauge);
  CHECK(rate.values == std::vector<Value>{500.0, 0.25, 0.5, 0.0});
  CHECK(rate.time == at(4s));
  CHECK(rate.epoch == 0);
}

TEST_CASE("handles and measurement of a rate are made once") {
  Bench bench(*trafficd_stage_rate(), "fields: [rx_bytes]");
  const SeriesPtr a = bench.host().series(link, {{"port", "a"}});
  const SeriesPtr b = bench.host().series(link, {{"port", "b"}});
  Batch batch{sample(a, 0s, {0, 0, 0, 0, 0}, 1), sample(b, 0s, {0, 0, 0, 0, 0}, 2), sample(a, 1s, {1, 0, 0, 0, 0}, 1),
              sample(b, 1s, {1, 0, 0, 0, 0}, 2), sample(a, 2s, {2, 0, 0, 0, 0}, 1)};
  bench.process(batch);
  REQUIRE(batch.size() == 8);
  CHECK(batch[5].series == batch[7].series);
  CHECK(batch[5].series != batch[6].series);
  CHECK(batch[5].series->measurement_ptr() == batch[6].series->measurement_ptr());
  CHECK(batch[7].values == std::vector<Value>{1.0});
}

TEST_CASE("a series that gets other attributes keeps its rate and shows the new ones") {
  Bench bench(*trafficd_stage_rate(), "fields: [rx_bytes]");
  Batch batch{sample(bench.host().series(link, {{"port", "a"}}, {{"name", "old"}}), 0s, {100, 0, 0, 0, 0}),
              sample(bench.host().series(link, {{"port", "a"}}, {{"name", "new"}}), 10s, {200, 0, 0, 0, 0})};
  bench.process(batch);
  REQUIRE(batch.size() == 3);
  CHECK(batch[2].values == std::vector<Value>{10.0});
  CHECK(batch[2].series->tag("name") == "new");
}

TEST_CASE("a measurement that comes back with other fields begins anew") {
  Bench bench(*trafficd_stage_rate());
  const MeasurementPtr narrow = make_measurement("line", "", {{"a", Kind::counter, "", ""}}, {"id"});
  const MeasurementPtr wide =
      make_measurement("line", "", {{"z", Kind::counter, "", ""}, {"a", Kind::counter, "", ""}}, {"id"});
  Batch batch{sample(bench.host().series(narrow, {{"id", "1"}}), 0s, {5}),
              sample(bench.host().series(narrow, {{"id", "1"}}), 1s, {6}),
              sample(bench.host().series(wide, {{"id", "1"}}), 2s, {1, 100}),
              sample(bench.host().series(wide, {{"id", "1"}}), 3s, {3, 103})};
  bench.process(batch);
  REQUIRE(batch.size() == 6);
  CHECK(batch[4].values == std::vector<Value>{1.0});
  CHECK(batch[5].values == std::vector<Value>{2.0, 3.0});
}

TEST_CASE("a field that was missing is measured since it was last there, and not at all when it is new") {
  Bench bench(*trafficd_stage_rate(), "fields: [rx_bytes, frames]");
  const SeriesPtr port = bench.host().series(link, {{"port", "p"}});
  Batch batch{sample(port, 0s, {0, 10, 0, 0, 0}), sample(port, 10s, {100, Value{}, 0, 0, 0}),
              sample(port, 20s, {200, 30, 0, 0, 0})};
  bench.process(batch);
  REQUIRE(batch.size() == 5);
  CHECK(batch[3].values == std::vector<Value>{10.0, Value{}});
  CHECK(batch[4].values == std::vector<Value>{10.0, 1.0});

  const SeriesPtr late = bench.host().series(link, {{"port", "late"}});
  Batch more{sample(late, 0s, {0, Value{}, 0, 0, 0}, 2), sample(late, 1s, {1, 77, 0, 0, 0}, 2)};
  bench.process(more);
  REQUIRE(more.size() == 3);
  CHECK(more[2].values == std::vector<Value>{1.0, Value{}});
}

TEST_CASE("no time between two samples gives no rate, and neither does time that runs backwards") {
  Bench bench(*trafficd_stage_rate(), "fields: [rx_bytes]");
  const SeriesPtr port = bench.host().series(link, {{"port", "p"}});
  Batch batch{sample(port, 10s, {100, 0, 0, 0, 0}), sample(port, 10s, {200, 0, 0, 0, 0}),
              sample(port, 5s, {300, 0, 0, 0, 0})};
  bench.process(batch);
  CHECK(batch.size() == 3);
}

TEST_CASE("after the clock was put back rates go on") {
  Bench bench(*trafficd_stage_rate(), "fields: [rx_bytes, frames]");
  const SeriesPtr port = bench.host().series(link, {{"port", "p"}});
  Batch batch{sample(port, 3600s, {100, 7, 0, 0, 0}), sample(port, 0s, {200, 7, 0, 0, 0}),
              sample(port, 10s, {300, 7, 0, 0, 0})};
  bench.process(batch);
  REQUIRE(batch.size() == 4);
  CHECK(batch[3].values == std::vector<Value>{10.0, 0.0});
}

TEST_CASE("a real-valued counter has a rate, in whole units") {
  Bench bench(*trafficd_stage_rate(), "fields: [busy]");
  const SeriesPtr port = bench.host().series(link, {{"port", "p"}});
  Batch batch{sample(port, 0s, {0, 0, 0, 1.5, 0}), sample(port, 2s, {0, 0, 0, 9.25, 0}),
              sample(port, 4s, {0, 0, 0, 9.5, 0})};
  bench.process(batch);
  REQUIRE(batch.size() == 5);
  CHECK(batch[3].values == std::vector<Value>{4.0});
  CHECK(batch[4].values == std::vector<Value>{0.0});
}

TEST_CASE("a value of the wrong length or type is passed on without a rate") {
  Bench bench(*trafficd_stage_rate(), "fields: [rx_bytes]");
  const SeriesPtr port = bench.host().series(link, {{"port", "p"}});
  Batch batch{sample(port, 0s, {1}), sample(port, 1s, {2}), sample(port, 2s, {-1, 0, 0, 0, 0}),
              sample(port, 3s, {5, 0, 0, 0, 0})};
  bench.process(batch);
  CHECK(batch.size() == 4);
}

TEST_CASE("a series that no longer comes is forgotten") {
  Bench bench(*trafficd_stage_rate(), "forget: 1m");
  const auto held_after = [&](Duration pause) {
    {
      Batch batch{sample(bench.host().series(link, {{"port", "gone"}}), 0s, {1, 1, 1, 1, 1})};
      bench.process(batch);
    }
    bench.clear();
    CHECK(bench.advance(pause).is_ok());
    return bench.host().series_held();
  };
  CHECK(held_after(30s) == 1);  // the rate's; the source is only remembered
  CHECK(held_after(2min) == 0);
}

TEST_CASE("more series than the stage can know are counted and complained of") {
  Bench bench(*trafficd_stage_rate(), "forget: 1m", {.max_series = 1'000'000});
  Batch batch;
  for (int i = 0; i < 100'001; ++i)
    batch.push_back(sample(bench.host().series(link, {{"port", std::to_string(i)}}), 0s, {1, 1, 1, 1, 1}));
  bench.process(batch);
  CHECK(batch.size() == 100'001);
  CHECK(bench.host().meter().counted("untracked_samples") == 1);
  CHECK(bench.log().contains(Level::warning, "more than 100000 series"));

  CHECK(bench.advance(2min).is_ok());
  CHECK(bench.log().contains(Level::info, "there is room"));
  const SeriesPtr fresh = bench.host().series(link, {{"port", "fresh"}});
  Batch later{sample(fresh, 0s, {0, 0, 0, 0, 0}), sample(fresh, 1s, {1, 0, 0, 0, 0})};
  bench.process(later);
  CHECK(later.size() == 3);
}

}  // namespace trafficd
