#include "daemon/replay/tally.hpp"

#include <map>

#include "../property.hpp"
#include "tally_fixture.hpp"

namespace trafficd::replay {

TEST_CASE("all lives of a series add up, in whatever order their samples come") {
  Tally tally(100);
  tally.add({device("a", "ipv4", "internet", {10, 1}, 1), device("a", "ipv4", "internet", {15, 2}, 1)});
  // The row was evicted, and came back.
  tally.add({device("a", "ipv4", "internet", {7, 0}, 2)});
  tally.add({device("a", "ipv4", "internet", {20, 2}, 1), device("a", "ipv4", "internet", {8, 1}, 2)});
  // Once more, and an older one of the same life.
  tally.add({device("a", "ipv4", "internet", {8, 1}, 2), device("a", "ipv4", "internet", {6, 0}, 2)});
  const auto rows = tally.rows("device");
  REQUIRE(rows.size() == 1);
  CHECK(number_of(*rows[0], "rx_bytes") == 28);
  CHECK(number_of(*rows[0], "tx_bytes") == 3);
  CHECK(number_of(*rows[0], "no_such_field") == 0);
  CHECK(tally.without_room() + tally.unusable() == 0);
}

TEST_CASE("of a gauge the last value stays, and what nobody said is absent") {
  const MeasurementPtr measurement = make_measurement(
      "http", "", {{"requests", Kind::counter, "", ""}, {"clients", Kind::gauge, "", ""}}, {"section"});
  Tally tally(100);
  const auto add = [&](Value requests, Value clients) {
    tally.add({{make_series("replay", measurement, {{"section", "/a"}}), at(1), 1, true, false, {requests, clients}}});
  };
  add({}, {});
  CHECK(tally.rows("http")[0]->values == std::vector<Value>{{}, {}});
  add({}, 3);
  add({}, 2);
  CHECK(tally.rows("http")[0]->values == std::vector<Value>{{}, 2});
}

TEST_CASE("what cannot be used, and what finds no room, is counted") {
  Tally tally(2);
  tally.add({device("a", "ipv4", "internet", {1, 1}, 1), device("b", "ipv4", "internet", {1, 1}, 2),
             device("c", "ipv4", "internet", {1, 1}, 3), device("a", "ipv4", "internet", {2, 2}, 1)});
  CHECK(tally.rows("device").size() == 2);
  CHECK(number_of(*tally.rows("device")[0], "rx_bytes") == 2);
  CHECK(tally.without_room() == 1);
  Sample nameless;
  nameless.values = {1, 2};
  Sample short_one = device("a", "ipv4", "internet", {3, 3}, 1);
  short_one.values.pop_back();
  tally.add({nameless, short_one});
  CHECK(tally.unusable() == 2);
  // Of the same name, and so of the same series, but with other fields.
  const MeasurementPtr other = make_measurement("device", "", {{"rx_bytes", Kind::counter, "By", ""}},
                                                {"device", "family", "interface", "scope"});
  tally.add({{make_series("replay", other, short_one.series->identity()), at(1), 1, true, false, {9}}});
  CHECK(tally.unusable() == 3);
}

TEST_CASE("the largest come first, then by name, and last what found no room of its own") {
  Tally tally(100);
  std::uint64_t epoch = 1;
  for (const auto& [name, bytes] : {std::pair{"other", 900}, std::pair{"b", 5}, std::pair{"c", 50}, std::pair{"a", 5}})
    tally.add({device(name, "other", "local", {bytes, 0}, epoch++)});
  std::string order;
  for (const Tally::Row* row : tally.rows("device")) order += std::string(*row->series->tag("device")) + " ";
  CHECK(order == "c a b other ");
  CHECK(tally.rows("nothing").empty());
  REQUIRE(tally.measurements().size() == 1);
  CHECK(tally.measurements()[0]->name() == "device");
}

TEST_CASE("a table that evicts rows at any tick adds up to all that passed") {
  using testing::between;
  for (std::uint64_t round = 0; round < 200; ++round) {
    testing::Random random(testing::seed() * 1000 + round);
    struct Life {
      std::uint64_t epoch = 0, rx = 0, tx = 0;
    };
    std::map<std::string, Life> table;
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> truth;
    Tally tally(100);
    for (int tick = 0; tick < 30; ++tick) {
      for (std::uint64_t packets = between(random, 0, 20); packets > 0; --packets) {
        const std::string name(1, static_cast<char>('a' + between(random, 0, 5)));
        Life& life = table[name];
        if (life.epoch == 0) life.epoch = new_epoch();
        const std::uint64_t rx = between(random, 0, 1500), tx = between(random, 0, 1500);
        life.rx += rx;
        life.tx += tx;
        truth[name].first += rx;
        truth[name].second += tx;
      }
      Batch batch;
      for (const auto& [name, life] : table)
        batch.push_back(device(name, "ipv4", "local", {life.rx, life.tx}, life.epoch));
      tally.add(batch);
      std::erase_if(table, [&](const auto&) { return testing::once_in(random, 3); });
    }
    REQUIRE(tally.rows("device").size() == truth.size());
    for (const Tally::Row* row : tally.rows("device")) {
      const auto& sums = truth.at(std::string(*row->series->tag("device")));
      CHECK(number_of(*row, "rx_bytes") == static_cast<double>(sums.first));
      CHECK(number_of(*row, "tx_bytes") == static_cast<double>(sums.second));
    }
  }
}

}  // namespace trafficd::replay
