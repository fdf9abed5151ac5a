#include "history/json.hpp"
#include "history_fixture.hpp"

namespace trafficd::history {

TEST_CASE_METHOD(HistoryFixture, "no file, an empty one and an empty history") {
  const auto none = Reader::open(settings.file);
  REQUIRE(!none);
  CHECK(none.error() == concat("there is no file '", settings.file, "'"));
  const auto refusal = [&] {
    const auto opened = Reader::open(settings.file);
    return opened ? std::string{} : opened.error();
  };
  testing::write_file(settings.file, "");
  const std::string empty = concat("'", settings.file,
                                   "' is empty: the service has not begun a history in it; start 'trafficd run', or "
                                   "choose another file");
  CHECK(refusal() == empty);
  std::filesystem::remove(settings.file);
  { const Database made(settings.file); }
  CHECK(refusal() == empty);
  testing::write_file(settings.file, "interfaces: all\n");
  CHECK(refusal() == concat("'", settings.file, "' is a text and not a history of trafficd; choose another file"));
  testing::write_file(settings.file, std::string(8'192, '\xff'));
  CHECK(refusal().find("if this is none, choose another file") != std::string::npos);
  std::filesystem::remove(settings.file);
  REQUIRE(writer->open(at(0)).is_ok());
  CHECK(reader().measurements()->empty());
  CHECK(reader().series("")->empty());
  CHECK(sums({at(0), at(60)}, "nothing").empty());
}

TEST_CASE_METHOD(HistoryFixture, "measurements and series are described as they were declared") {
  write(sample(interface("eth1"), 0, 1, 0, 0));
  write(sample(interface("eth0", {{"primary", "yes"}}), 10, 2, 0, 0));
  const auto measurements = reader().measurements();
  REQUIRE(measurements->size() == 1);
  const MeasurementInfo& info = measurements->front();
  CHECK(info.name == "interface");
  CHECK(info.identity == std::vector<std::string>{"interface"});
  REQUIRE(info.fields.size() == 3);
  CHECK(info.fields[0].name == "rx_bytes");
  CHECK(info.fields[0].kind == Kind::counter);
  CHECK(info.fields[0].unit == "By");
  CHECK(info.fields[2].kind == Kind::gauge);
  const auto series = reader().series("interface");
  REQUIRE(series->size() == 2);
  CHECK(series->at(0).identity == Tags{{"interface", "eth0"}});
  CHECK(series->at(0).attributes == Tags{{"primary", "yes"}});
  CHECK(series->at(0).instance == "lan");
  CHECK(series->at(0).first_seen == at(10));
  CHECK(series->at(1).tag("interface") == "eth1");
}

TEST_CASE_METHOD(HistoryFixture, "sums are ordered by period and limited to what was asked for") {
  for (int i = 0; i <= 4; ++i) {
    write(sample(interface("a"), i * 60, 1, static_cast<std::uint64_t>(i) * 10, 0));
    write(sample(interface("b"), i * 60, 2, static_cast<std::uint64_t>(i) * 20, 0));
  }
  const auto all = sums({at(60), at(120), at(180)});
  REQUIRE(all.size() == 4);
  CHECK(all[0].period == 0);
  CHECK(all[1].period == 0);
  CHECK(all[2].period == 1);
  CHECK(all[3].period == 1);
  CHECK(all[0].fields[0].amount + all[1].fields[0].amount == 30);
  const auto id = reader().series("interface")->at(1).id;
  const auto only = reader().sums("interface", {at(0), at(240)}, {id});
  REQUIRE(only->size() == 1);
  CHECK(only->front().series == id);
  CHECK(only->front().fields[0].amount == 80);
}

TEST_CASE_METHOD(HistoryFixture, "views show rows as people want to see them") {
  write(sample(interface("eth0"), 0, 1, 0, 0, false, 10));
  write(sample(interface("eth0"), 30, 1, 500, 0, false, 20));
  write(sample(interface("eth0"), 2'000, 1, 900, 0));
  Database database(settings.file, {.mode = Database::Mode::read_only});
  Statement row(
      database,
      "SELECT time, unix, instance, interface, rx_bytes, speed_mean, speed_min, speed_max, speed_last, estimated"
      " FROM interface_by_minute ORDER BY unix LIMIT 1");
  REQUIRE(row.step());
  CHECK(row.bytes(0) == "2023-11-14 22:15:00");
  CHECK(row.integer(1) == base);
  CHECK(row.bytes(2) == "lan");
  CHECK(row.bytes(3) == "eth0");
  CHECK(row.integer(4) == 500 + 400 * 30 / 1'970);
  CHECK(row.real(5) == 15);
  CHECK(row.integer(6) == 10);
  CHECK(row.integer(7) == 20);
  CHECK(row.integer(8) == 20);
  CHECK(row.integer(9) == 30);
  CHECK(database.value("SELECT rx_bytes FROM interface_by_quarter WHERE unix=" + std::to_string(base)) > 500);
}

TEST_CASE("tags become JSON that any reader takes") {
  CHECK(to_json(Tags{}) == "{}");
  CHECK(to_json(Tags{{"a", "b\"\\"}, {"c", std::string("\0\n", 2)}}) == R"({"a":"b\"\\","c":"\u0000\u000a"})");
  CHECK(to_json(Tags{{"a", "\xc3\xa4\xf0\x9f\x98\x80"}}) == "{\"a\":\"\xc3\xa4\xf0\x9f\x98\x80\"}");
  const char* broken = GENERATE("\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82");
  const std::string json = to_json(Tags{{"a", broken}});
  CHECK(json.find("\xef\xbf\xbd") != std::string::npos);
  CHECK(printable(broken).find("\xef\xbf\xbd") != std::string::npos);
}

TEST_CASE("control characters do not reach a terminal") {
  CHECK(printable("a\x1b[31mb\x7f\xc2\x9b c\xc3\xa9") == "a?[31mb?? c\xc3\xa9");
}

}  // namespace trafficd::history
