#include "trafficd/text.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"

using namespace trafficd;

namespace {

MeasurementPtr shape() {
  return make_measurement(
      "interface", "",
      {{"rx_bytes", Kind::counter, "By", ""}, {"clicks", Kind::delta, "1", ""}, {"level", Kind::gauge, "1", ""}},
      {"interface"});
}

Sample sample(Value a, Value b, Value c) {
  return {make_series("lan", shape(), {{"interface", "eth0"}}, {{"primary", "yes"}}),
          Timestamp(Duration(1'700'000'000'000'000'001)),
          0x8f3a61,
          true,
          false,
          {a, b, c}};
}

}  // namespace

TEST_CASE("the text form is what the header says") {
  CHECK(to_text(sample(1234, -5, 1.0)) ==
        "lan/interface,interface=eth0;primary=yes rx_bytes=1234c,clicks=-5d,level=1.0g 1700000000000000001 8f3a61*");
  CHECK(to_text(sample(1, Value(), std::nan(""))) ==
        "lan/interface,interface=eth0;primary=yes rx_bytes=1c 1700000000000000001 8f3a61*");
  CHECK(to_text(sample(Value(), Value(), Value())) ==
        "lan/interface,interface=eth0;primary=yes - 1700000000000000001 8f3a61*");
}

TEST_CASE("what is printed is parsed back the same") {
  const auto find = [](std::string_view) { return shape(); };
  const double reals[] = {0.0, -0.0, 1.5, 1e300, 5e-324, 123456789.25, -1.0 / 3};
  for (double real : reals) {
    const Sample before =
        sample(std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::int64_t>::min(), real);
    const auto after = parse_text(to_text(before), find);
    REQUIRE(after.has_value());
    CHECK(after->values == before.values);
    CHECK(after->epoch == before.epoch);
    CHECK(after->born);
    CHECK(after->time == before.time);
    CHECK(after->series->same_identity(*before.series));
    CHECK(after->series->attributes() == before.series->attributes());
  }
}

TEST_CASE("birth and mark stand behind the epoch") {
  struct Case {
    bool born, mark_only;
    std::uint64_t epoch;
    const char* end;
  };
  const Case c =
      GENERATE(Case{false, false, 0x1f, " 1f"}, Case{true, false, 0x1f, " 1f*"}, Case{false, true, 0x1f, " 1f!"},
               Case{true, true, 0x1f, " 1f*!"}, Case{false, true, 0, " -!"});
  Sample before = sample(1, 2, 3);
  before.born = c.born;
  before.mark_only = c.mark_only;
  before.epoch = c.epoch;
  const std::string line = to_text(before);
  INFO(line);
  CHECK(line.ends_with(c.end));
  const auto after = parse_text(line);
  REQUIRE(after.has_value());
  CHECK(after->born == c.born);
  CHECK(after->mark_only == c.mark_only);
  CHECK(after->epoch == c.epoch);
}

TEST_CASE("names and values with special characters survive") {
  const auto odd = make_measurement("a b,c", "", {{"f=1", Kind::gauge, "", ""}}, {"k;1"});
  Sample before{make_series("i/1", odd, {{"k;1", "a\\b\nc d"}}, {{"x", ""}}, {32, 125}),
                Timestamp{},
                0,
                false,
                false,
                {Value(7)}};
  const std::string line = to_text(before);
  INFO(line);
  CHECK(line.find('\n') == std::string::npos);
  const auto after = parse_text(line);
  REQUIRE(after.has_value());
  CHECK(after->series->same_identity(*before.series));
  CHECK(after->series->tag("k;1") == "a\\b\nc d");
  CHECK(after->series->traits() == before.series->traits());
  CHECK(to_text(*after) == line);
}

TEST_CASE("a field may be called what stands for no field at all") {
  const std::string line = "i/m -=1g,a=2g 1700000000000000000 -";
  const auto sample = parse_text(line);
  REQUIRE(sample.has_value());
  CHECK(to_text(*sample) == line);
}

TEST_CASE("a line of an undeclared measurement is rebuilt, kinds included") {
  const auto s = parse_text("x/new,a=1,b=2 n=1c,g=2.5g,d=-3d 5 -");
  REQUIRE(s.has_value());
  REQUIRE(s->series->measurement().fields().size() == 3);
  CHECK(s->series->measurement().fields()[2].kind == Kind::delta);
  CHECK(s->series->measurement().identity() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("wrong lines are refused with the part that is wrong") {
  const std::string wrong[] = {"",
                               "lan",
                               "lan/",
                               "/m a=1c 1 -",
                               "l/m",
                               "l/m a=1c",
                               "l/m a=1 1 -",
                               "l/m a=xc 1 -",
                               "l/m a=1c x -",
                               "l/m a=1c 1 0",
                               "l/m a=1c 1 zz",
                               "l/m a=1c 1 !",
                               "l/m a=1c 1 1f!*",
                               "l/m a=1c 1 1f!!",
                               "l/m a=1c,a=2c 1 -",
                               "l/m,t=1,t=2 a=1c 1 -",
                               "l/m a=1c 1 - extra",
                               "l/m a=1c 1 - w33",
                               "l/m a=99999999999999999999c 1 -",
                               "l/m a=1e999g 1 -",
                               "l/m a=1c 1",
                               "l/m a=1c 99999999999999999999 -",
                               "l/m a=nang 1 -"};
  for (const std::string& line : wrong) {
    INFO(line);
    const auto result = parse_text(line);
    REQUIRE_FALSE(result.has_value());
    CHECK_FALSE(result.error().empty());
  }
  CHECK_FALSE(
      parse_text("lan/interface,interface=e other=1c 1 -", [](std::string_view) { return shape(); }).has_value());
  CHECK_FALSE(
      parse_text("lan/interface,interface=e rx_bytes=1g 1 -", [](std::string_view) { return shape(); }).has_value());
}
