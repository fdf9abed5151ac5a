#include "lines/sample_maker.hpp"

#include "catch.hpp"
#include "trafficd/testing/host.hpp"
#include "trafficd/text.hpp"

namespace trafficd::common {
namespace {

using namespace std::chrono_literals;

class Maker {
 public:
  explicit Maker(SampleRules rules = {}, testing::HostSettings settings = {})
      : host(std::move(settings)), maker(host, std::move(rules)) {}

  Result<Sample> sample(std::string_view line, LineFormat format = LineFormat::line_protocol) {
    auto reading = read_line(format, line);
    if (!reading) return Error{"not read: " + reading.error()};
    return maker.make(*std::move(reading), host.clock().now());
  }
  /// In text form, or why there is none.
  std::string text(std::string_view line, LineFormat format = LineFormat::line_protocol) {
    const auto made = sample(line, format);
    return made ? to_text(*made) : made.error();
  }

  testing::TestHost host;
  SampleMaker maker;
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a reading becomes a sample of a series of its own") {
  Maker make({.counters = {"rx_*"}, .attributes = {"name"}});
  CHECK(make.text("wifi,station=aa,name=phone rx_bytes=12,signal=-40i,load=1 1700000000000000000") ==
        "test/wifi,station=aa;name=phone rx_bytes=12c,signal=-40g,load=1.0g 1700000000000000000 -");
  CHECK(make.text("plain v=1i") == "test/plain v=1g 1700000000000000000 -");
}

TEST_CASE("a counter is a whole number, and keeps its traits") {
  Maker make({.counters = {"n"}, .traits = {.width = 32, .max_rate = 1000}});
  CHECK(make.text("m n=18446744073709551615") == "test/m n=18446744073709551615c 1700000000000000000 - w32 r1000");
  CHECK(make.text("m n=1e3") == "test/m n=1000c 1700000000000000000 - w32 r1000");
  CHECK(make.text("other v=1i") == "test/other v=1g 1700000000000000000 -");
  for (const char* bad : {"-1i", "1.5", "1e300"})
    CHECK(has(make.text(std::string("m n=") + bad), "the counter 'n' is no whole number"));
}

TEST_CASE("the same line gives the same handle") {
  Maker make;
  const auto first = make.sample("m,a=1,b=2 v=1"), second = make.sample("m,b=2,a=1 v=2");
  REQUIRE((first && second));
  CHECK(first->series == second->series);
  CHECK(make.host.series_held() == 1);
}

TEST_CASE("a new field is added behind the others, and those that lack it go on") {
  Maker make;
  make.text("m,a=1 v=1i");
  CHECK(make.text("m,a=1 w=2i") == "test/m,a=1 w=2g 1700000000000000000 -");
  CHECK(make.text("m,a=1 w=2i,v=3i") == "test/m,a=1 v=3g,w=2g 1700000000000000000 -");
  const auto other = make.sample("m,b=1 v=1i");
  REQUIRE(other.has_value());
  CHECK(other->series->measurement().fields().size() == 2);
  CHECK(other->series->measurement().identity() == std::vector<std::string>{"b"});
  CHECK(make.maker.measurements() == 2);
  CHECK(make.host.series_held() == 2);
}

TEST_CASE("a field stays what it was") {
  Maker make;
  CHECK(make.text("x/m n=1c 1700000000000000000 -", LineFormat::text) == "test/m,source=x n=1c 1700000000000000000 -");
  CHECK(has(make.text("x/m n=1g 1700000000000000000 -", LineFormat::text), "'n' was a counter before and is a gauge"));
  CHECK(make.text("x/m n=2c 1700000000000000000 -", LineFormat::text) == "test/m,source=x n=2c 1700000000000000000 -");
}

TEST_CASE("a name is a tag or a field") {
  Maker make;
  CHECK(has(make.text("m,v=1 v=1"), "'v' is the name of a tag and of a field"));
  make.text("m,a=1 v=1");
  CHECK(has(make.text("m,a=1 a=1"), "'a' is the name of a tag and of a field"));
  CHECK(has(make.text("m,v=1 w=1"), "'v' is the name of a tag and of a field"));
  CHECK(make.maker.measurements() == 1);
}

TEST_CASE("the text form keeps epoch, traits and attributes, and says where it comes from") {
  Maker make({}, {.id = "box"});
  CHECK(make.text("lan/m,a=1;name=x n=1c 1700000000000000000 f3* w32 r7", LineFormat::text) ==
        "box/m,a=1,source=lan;name=x n=1c 1700000000000000000 f3* w32 r7");
  CHECK(make.text("box/m,a=1 n=1c 1700000000000000000 f3!", LineFormat::text) ==
        "box/m,a=1 n=1c 1700000000000000000 f3!");
  CHECK(has(make.text("lan/m,source=1 n=1c 1700000000000000000 -", LineFormat::text), "'source' stands twice"));
}

TEST_CASE("names that are too long, reserved or too many are refused") {
  Maker make;
  const std::string name(65, 'n');
  CHECK(has(make.text(name + " v=1"), "more than 64 bytes"));
  CHECK(has(make.text("m " + name + "=1"), "more than 64 bytes"));
  CHECK(has(make.text("m," + name + "=1 v=1"), "more than 64 bytes"));
  CHECK(has(make.text("m,a=" + std::string(257, 'v') + " v=1"), "more than 256"));
  CHECK(has(make.text("m,time=1 v=1"), "'time' is a name that outputs need"));
  std::string tags = "m";
  for (int i = 0; i < 33; ++i) tags += ",t" + std::to_string(i) + "=1";
  CHECK(has(make.text(tags + " v=1"), "more than 32 tags"));
  CHECK(has(make.text("m a=\"x\""), "no field is a number"));
  CHECK(make.maker.measurements() == 0);
}

TEST_CASE("a time that cannot be is refused") {
  Maker make;
  CHECK(has(make.text("m v=1 1700000000"), "before 2000; it counts nanoseconds"));
  CHECK(has(make.text("m v=1 -1"), "before 2000"));
  CHECK(has(make.text("m v=1 1700086400000000001"), "more than a day ahead"));
  CHECK(has(make.text("m v=1 1700086400000000000"), "1700086400000000000"));
}

TEST_CASE("measurements and fields have a bound, and what is known goes on beyond it") {
  Maker make;
  for (std::size_t i = 0; i < SampleMaker::most_measurements; ++i) make.text("m" + std::to_string(i) + " v=1");
  CHECK(has(make.text("one_more v=1"), "1000 measurements already"));
  CHECK(has(make.text("m0,new=tag v=1"), "1000 measurements already"));
  CHECK(has(make.text("m0 v=1i"), "test/m0 v=1g"));
  for (std::size_t i = 1; i < SampleMaker::most_fields; ++i) make.text("m0 f" + std::to_string(i) + "=1");
  CHECK(has(make.text("m0 one_more=1"), "more than 200 fields"));
  CHECK(has(make.text("m0 f7=1i"), "test/m0 f7=1g"));
}

TEST_CASE("more series than allowed are muted and not kept; the old ones are forgotten in time") {
  Maker make({}, {.max_series = 2});
  for (const char* line : {"m,a=1 v=1", "m,a=2 v=1"}) CHECK_FALSE(make.sample(line)->series->muted());
  CHECK(make.sample("m,a=3 v=1")->series->muted());
  CHECK(make.maker.series() == 2);
  for (int minute = 0; minute < 12; ++minute) {
    make.host.clock().advance(1min);
    make.text("m,a=1 v=1");
  }
  CHECK(make.maker.series() == 1);
  CHECK_FALSE(make.sample("m,a=3 v=1")->series->muted());
}

}  // namespace trafficd::common
