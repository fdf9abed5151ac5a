#include "lines/sample_json.hpp"

#include <sstream>

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::common {
namespace {

std::string fault(std::string_view text) {
  const auto reading = parse_sample_json(text);
  return reading ? "accepted" : reading.error();
}

}  // namespace

TEST_CASE("an object has a measurement, tags, fields and a time") {
  const auto reading = parse_sample_json(
      R"({"measurement":"m","tags":{"instance":"lan","a":"b","port":80,"on":true,"none":null},)"
      R"("fields":{"big":18446744073709551615,"low":-5,"real":0.5,"up":true,"none":null,"text":"x"},"time":17})");
  REQUIRE(reading.has_value());
  CHECK(reading->measurement == "m");
  CHECK(reading->instance == "lan");
  CHECK(reading->tags == Tags{{"a", "b"}, {"port", "80"}, {"on", "true"}});
  REQUIRE(reading->fields.size() == 4);
  CHECK(reading->fields[0].value == Value(std::uint64_t{18446744073709551615U}));
  CHECK(reading->fields[1].value == Value(-5));
  CHECK(reading->fields[2].value == Value(0.5));
  CHECK(reading->fields[3].value == Value(1));
  CHECK_FALSE(reading->fields[0].typeless);
  CHECK(reading->left_out == 1);
  CHECK(reading->time == Timestamp(Duration(17)));
}

TEST_CASE("tags and time may be missing") {
  for (const char* text :
       {R"({"measurement":"m","fields":{"v":1}})", R"({"measurement":"m","fields":{"v":1},"time":null})"}) {
    const auto reading = parse_sample_json(text);
    REQUIRE(reading.has_value());
    CHECK(reading->tags.empty());
    CHECK_FALSE(reading->time.has_value());
  }
}

TEST_CASE("what one daemon prints another one reads") {
  std::istringstream lines(testing::read_file(TRAFFICD_SOURCE_DIR "/plugins/outputs/stdout/cases/json/expected.txt"));
  std::vector<Reading> readings;
  for (std::string line; std::getline(lines, line);) {
    auto reading = parse_sample_json(line);
    INFO(line);
    REQUIRE(reading.has_value());
    CHECK(reading->left_out == 0);
    CHECK(reading->time.has_value());
    readings.push_back(*std::move(reading));
  }
  REQUIRE(readings.size() == 4);
  CHECK(readings[0].instance == "lan");
  CHECK(readings[1].fields[0].value == Value(std::uint64_t{18446744073709551615U}));
  CHECK(readings[2].fields[0].value == Value(-87));
  CHECK(readings[3].tags[0].value == "\"quoted\"");
}

TEST_CASE("what is no sample is told") {
  CHECK(fault("").find("is no JSON") == 0);
  CHECK(fault("{").find("is no JSON") == 0);
  CHECK(fault(R"({"measurement":"m","fields":{"v":NaN}})").find("is no JSON") == 0);
  CHECK(fault("\"\xff\"").find("is no JSON") == 0);
  CHECK(fault("[1]").find("expected an object") == 0);
  CHECK(fault("{}").find("no 'measurement'") != std::string::npos);
  CHECK(fault(R"({"measurement":1})").find("a text under 'measurement'") != std::string::npos);
  CHECK(fault(R"({"measurement":"m","tags":1})").find("under 'tags'") != std::string::npos);
  CHECK(fault(R"({"measurement":"m","tags":{"a":{}}})").find("tag 'a' is no text") != std::string::npos);
  CHECK(fault(R"({"measurement":"m","fields":[]})").find("under 'fields'") != std::string::npos);
  CHECK(fault(R"({"measurement":"m","fields":{"v":[]}})").find("field 'v' is no number") != std::string::npos);
  CHECK(fault(R"({"measurement":"m","time":1.5})").find("nanoseconds") != std::string::npos);
  CHECK(fault(R"({"measurement":"m","timestamp":1})").find("'timestamp' is not known") != std::string::npos);
  CHECK(fault(std::string(100'000, '[')).find("is no JSON") == 0);
}

}  // namespace trafficd::common
