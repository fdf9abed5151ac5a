#include "history/usage_list.hpp"

#include "history_fixture.hpp"

namespace trafficd::history {

TEST_CASE_METHOD(HistoryFixture, "a history says what it holds, and from when to when") {
  const Zone utc = *Zone::find("UTC");
  REQUIRE(writer->open(at(0)).is_ok());
  const auto ask = [&] {
    const auto list = list_measurements(reader());
    REQUIRE(list.has_value());
    return *list;
  };
  CHECK(to_table(ask(), utc, {}) == "the history is still empty\n");
  CHECK(to_json(ask()) == "[]\n");
  CHECK(to_csv(ask()) == "measurement,series,from,to\n");

  const MeasurementPtr load = make_measurement("load_of_this_machine", "", {{"load", Kind::gauge, "", ""}}, {});
  write({sample(interface("eth0"), 0, 1, 0, 0), sample(interface("eth1"), 3'600, 1, 0, 0)}, at(3'600));
  write({{make_series("cpu", load, {}), at(7'200), 1, false, false, {0.5}}}, at(7'200));
  CHECK(to_table(ask(), utc, {.width = 80, .colour = true, .unicode = true}) ==
        "\x1b[2mmeasurement             series  from              to\x1b[0m\n"
        "interface                    2  2023-11-14 22:15  2023-11-14 23:15\n"
        "load_of_this_machine         1  2023-11-15 00:15  2023-11-15 00:15\n");
  CHECK(to_json(ask()) ==
        "[\n"
        "{\"measurement\":\"interface\",\"series\":2,\"from\":1700000100,\"to\":1700003700},\n"
        "{\"measurement\":\"load_of_this_machine\",\"series\":1,\"from\":1700007300,\"to\":1700007300}\n"
        "]\n");
  CHECK(to_csv(ask()) ==
        "measurement,series,from,to\n"
        "interface,2,1700000100,1700003700\n"
        "load_of_this_machine,1,1700007300,1700007300\n");
}

TEST_CASE_METHOD(HistoryFixture,
                 "the end of what a history holds is that of the last sample, of a name that moved too") {
  const auto seen = [&](std::size_t place) { return reader().series("")->at(place).last_seen; };
  write(sample(interface("eth0"), 0, 1, 0, 0));
  write(sample(interface("eth0"), 610.5, 1, 0, 0));
  CHECK(seen(0) == at(610.5));
  write(sample(interface("wan"), 620, 1, 10, 0));
  CHECK(seen(0) == at(610));
  CHECK(seen(1) == at(620));
  CHECK(list_measurements(reader())->entries.at(0).last_seen == at(620));
}

}  // namespace trafficd::history
