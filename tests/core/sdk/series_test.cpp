#include "trafficd/series.hpp"

#include "catch.hpp"
#include "trafficd/sample.hpp"
#include "trafficd/units.hpp"

using namespace trafficd;

namespace {

MeasurementPtr shape() { return make_measurement("m", "", {{"n", Kind::counter, "1", ""}}, {"b", "a"}); }

}  // namespace

TEST_CASE("identity is instance, measurement and identity tags; never attributes") {
  const auto one = make_series("i", shape(), {{"b", "2"}, {"a", "1"}}, {{"name", "Anna"}});
  CHECK(one->identity() == Tags{{"a", "1"}, {"b", "2"}});
  CHECK(one->same_identity(*make_series("i", shape(), {{"a", "1"}, {"b", "2"}}, {{"name", "Bert"}})));
  CHECK_FALSE(one->same_identity(*make_series("j", shape(), {{"a", "1"}, {"b", "2"}})));
  CHECK_FALSE(one->same_identity(*make_series("i", shape(), {{"a", "1"}, {"b", "3"}})));
}

TEST_CASE("missing identity tags are empty, superfluous ones become attributes that never shadow identity") {
  const auto s = make_series("i", shape(), {{"a", "1"}, {"c", "3"}}, {{"a", "other"}, {"c", "4"}});
  CHECK(s->identity() == Tags{{"a", "1"}, {"b", ""}});
  CHECK(s->attributes() == Tags{{"c", "3"}});
  CHECK(s->tag("a") == "1");
  CHECK_FALSE(s->tag("zz").has_value());
}

TEST_CASE("the count of live series goes down when the last handle goes") {
  auto held = std::make_shared<std::atomic<std::int64_t>>(0);
  auto one = make_series("i", shape(), {{"a", "1"}}, {}, {}, held, 1);
  CHECK_FALSE(one->muted());
  CHECK(make_series("i", shape(), {{"a", "2"}}, {}, {}, held, 1)->muted());
  CHECK(*held == 1);
  SeriesMap<int> memo;
  memo.get(one);
  one.reset();
  CHECK(*held == 0);  // what only remembers a series does not hold it
  CHECK(memo.size() == 1);
}

TEST_CASE("a series map finds by identity, is bounded and forgets what no longer comes") {
  SeriesMap<int> map(2);
  const auto series = [](const char* a, const char* name) {
    return make_series("i", shape(), {{"a", a}}, {{"name", name}});
  };
  *map.get(series("1", "x")) = 11;
  *map.get(series("2", "x")) = 22;
  CHECK(map.get(series("3", "x")) == nullptr);
  CHECK(*map.find(series("1", "renamed")) == 11);
  map.purge(1);
  CHECK(*map.find(series("1", "x")) == 11);
  map.purge(1);
  CHECK(map.size() == 1);
  CHECK(map.find(series("2", "x")) == nullptr);
  CHECK(*map.find(series("1", "x")) == 11);
}

TEST_CASE("a series map finds the right one in whatever order they come, also after some were forgotten") {
  SeriesMap<int> map;
  std::vector<SeriesPtr> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(make_series("i", shape(), {{"a", std::to_string(i)}}));
    *map.get(all.back()) = i;
  }
  const auto ask = [&](std::initializer_list<int> order) {
    return std::ranges::all_of(order, [&](int i) {
      const int* found = map.find(all[static_cast<std::size_t>(i)]);
      return found && *found == i;
    });
  };
  CHECK(ask({0, 1, 2, 3, 4, 0, 1, 2, 3, 4}));
  CHECK(ask({4, 2, 0, 0, 1, 3, 4, 2, 0, 0}));
  map.erase(all[2]);
  CHECK(map.find(all[2]) == nullptr);
  CHECK(ask({4, 0, 1, 3, 4, 0}));
  *map.get(all[2]) = 2;
  map.purge(1);
  CHECK(ask({1, 3, 4, 1}));
  map.purge(1);
  CHECK(map.size() == 3);
  CHECK(map.find(all[2]) == nullptr);
  CHECK(ask({1, 3, 4, 1, 3}));
  map.clear();
  CHECK(map.find(all[3]) == nullptr);
}

TEST_CASE("epochs: the same parts give the same number, parts are kept apart, never 0") {
  CHECK(make_epoch({"boot", "1"}) == make_epoch({"boot", "1"}));
  CHECK(make_epoch({"boot", "1"}) != make_epoch({"boot1", ""}));
  CHECK(make_epoch({"a", "b"}) != make_epoch({"ab"}));
  CHECK(new_epoch() != 0);
  CHECK(new_epoch() != new_epoch());
}

TEST_CASE("values tell their type") {
  CHECK(Value().absent());
  CHECK(Value(5).is_unsigned());
  CHECK(Value(-5).as_signed() == -5);
  CHECK(Value(2.5).as_real() == 2.5);
  CHECK(Value(5) == Value(5u));
  CHECK_FALSE(Value(5) == Value(5.0));
  CHECK(sizeof(Value) == 16);
}
