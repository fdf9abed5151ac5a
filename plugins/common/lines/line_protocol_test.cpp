#include "lines/line_protocol.hpp"

#include "catch.hpp"
#include "trafficd/text.hpp"

namespace trafficd::common {
namespace {

std::string fault(std::string_view line) {
  const auto reading = parse_line_protocol(line);
  return reading ? "accepted" : reading.error();
}

Value value_of(std::string_view text) {
  const auto reading = parse_line_protocol("m v=" + std::string(text));
  REQUIRE(reading.has_value());
  return reading->fields.empty() ? Value{} : reading->fields[0].value;
}

}  // namespace

TEST_CASE("a line has a measurement, tags, fields and a time") {
  const auto reading = parse_line_protocol("interface,interface=eth0,site=home rx=12i,load=0.5 1700000000000000001");
  REQUIRE(reading.has_value());
  CHECK(reading->measurement == "interface");
  CHECK(reading->tags == Tags{{"interface", "eth0"}, {"site", "home"}});
  REQUIRE(reading->fields.size() == 2);
  CHECK(reading->fields[0].name == "rx");
  CHECK(reading->fields[0].value == Value(12));
  CHECK_FALSE(reading->fields[0].typeless);
  CHECK(reading->fields[1].value == Value(0.5));
  CHECK(reading->fields[1].typeless);
  CHECK(reading->time == Timestamp(Duration(1'700'000'000'000'000'001)));
  CHECK(reading->instance.empty());
}

TEST_CASE("tags and time may be missing, and blanks may be many") {
  const auto reading = parse_line_protocol("  m   v=1i   17  ");
  REQUIRE(reading.has_value());
  CHECK(reading->tags.empty());
  CHECK(reading->time == Timestamp(Duration(17)));
  CHECK_FALSE(parse_line_protocol("m v=1i")->time.has_value());
  CHECK_FALSE(parse_line_protocol("m v=1i  ")->time.has_value());
}

TEST_CASE("numbers keep every digit and their sign") {
  CHECK(value_of("18446744073709551615u") == Value(std::uint64_t{18446744073709551615U}));
  CHECK(value_of("18446744073709551615") == Value(std::uint64_t{18446744073709551615U}));
  CHECK(value_of("-9223372036854775808i") == Value(std::int64_t{-9223372036854775807} - 1));
  CHECK(value_of("1e3") == Value(1000.0));
  CHECK(value_of("+1.5") == Value(1.5));
  CHECK(value_of("-.5") == Value(-0.5));
  CHECK(value_of("99999999999999999999") == Value(99999999999999999999.0));
  for (const char* yes : {"t", "T", "true", "True", "TRUE"}) CHECK(value_of(yes) == Value(1));
  for (const char* no : {"f", "F", "false", "False", "FALSE"}) CHECK(value_of(no) == Value(0));
}

TEST_CASE("texts and what is not finite are left out, and counted") {
  const auto reading = parse_line_protocol(R"(m a="x, y=\"z\" 1",b=nan,c=-inf,d=1i 5)");
  REQUIRE(reading.has_value());
  REQUIRE(reading->fields.size() == 1);
  CHECK(reading->fields[0].name == "d");
  CHECK(reading->left_out == 3);
  CHECK(reading->time == Timestamp(Duration(5)));
}

TEST_CASE("a backslash stands before what would end a name") {
  const auto reading = parse_line_protocol(R"(my\ measure\,ment,a\=b\ c=d\,e\ f field\ one=1i)");
  REQUIRE(reading.has_value());
  CHECK(reading->measurement == "my measure,ment");
  CHECK(reading->tags == Tags{{"a=b c", "d,e f"}});
  CHECK(reading->fields[0].name == "field one");
  CHECK(parse_line_protocol(R"(m,path=C:\dir v=1)")->tags[0].value == R"(C:\dir)");
}

TEST_CASE("the tag of another daemon's instance is no tag") {
  const auto reading = parse_line_protocol("m,instance=lan,a=b v=1");
  REQUIRE(reading.has_value());
  CHECK(reading->instance == "lan");
  CHECK(reading->tags == Tags{{"a", "b"}});
}

TEST_CASE("what is no line is told") {
  CHECK(fault("").find("the name of a measurement") != std::string::npos);
  CHECK(fault(",a=b v=1").find("the name of a measurement") != std::string::npos);
  CHECK(fault("m").find("a blank and fields") != std::string::npos);
  CHECK(fault("m ").find("expected fields") != std::string::npos);
  CHECK(fault("m v").find("expected fields") != std::string::npos);
  CHECK(fault("m v=").find("'v' is no number") != std::string::npos);
  CHECK(fault("m v=yes").find("'v' is no number") != std::string::npos);
  CHECK(fault("m v=1x").find("'v' is no number") != std::string::npos);
  CHECK(fault("m v=-1u").find("'v' is no number") != std::string::npos);
  CHECK(fault("m v=i").find("'v' is no number") != std::string::npos);
  CHECK(fault("m v=\"open").find("no closing quote") != std::string::npos);
  CHECK(fault("m v=1,v=2").find("field 'v' stands twice") != std::string::npos);
  CHECK(fault("m,a v=1").find("expected tags") != std::string::npos);
  CHECK(fault("m,a= v=1").find("'a' has no value") != std::string::npos);
  CHECK(fault("m,a=1,a=2 v=1").find("tag 'a' stands twice") != std::string::npos);
  CHECK(fault("m,instance=1,instance=2 v=1").find("tag 'instance' stands twice") != std::string::npos);
  CHECK(fault("m v=1 soon").find("expected the time") != std::string::npos);
  CHECK(fault("m v=1 99999999999999999999").find("expected the time") != std::string::npos);
  CHECK(fault("m v=1 1 2").find("superfluous") != std::string::npos);
}

}  // namespace trafficd::common
