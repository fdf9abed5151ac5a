#include "catch.hpp"
#include "trafficd/text.hpp"
#include "trafficd/units.hpp"

using namespace trafficd;

namespace {

/// Texts that a terminal must not be shown as they are.
const std::string hostile[] = {"\x1b[31m",
                               "\r",
                               "\x7f",
                               "\xc2\x9b",
                               "\xd8\x9c",
                               "\xe2\x80\x8e",
                               "\xe2\x80\xa8",
                               "\xe2\x80\xae",
                               "\xe2\x81\xa6",
                               "\xe2\x81\xa9",
                               "\xff",
                               "\xc3",
                               "\xc0\xaf",
                               "\xed\xa0\x80",
                               "\xf4\x90\x80\x80",
                               "\xe2\x82",
                               std::string(1, '\0')};
const std::string harmless = "a \xc3\xa9 \xe2\x82\xac \xe2\x80\x93 \xf0\x9f\x98\x80";

std::string line_of(const std::string& text) {
  const auto measurement = make_measurement("m", "", {{"f", Kind::gauge, "", ""}}, {"id"});
  return to_text(Sample{.series = make_series("box", measurement, {{"id", text}}, {{text + "k", "v"}}),
                        .time = Timestamp{},
                        .values = {Value(1)}});
}

}  // namespace

TEST_CASE("characters are as long as UTF-8 has them, and bytes that are none have no length") {
  CHECK(utf8_length("a\xc3") == 1);
  CHECK(utf8_length("\xc3\xa9x") == 2);
  CHECK(utf8_length("\xe2\x82\xac") == 3);
  CHECK(utf8_length("\xf0\x9f\x98\x80") == 4);
  for (const char* broken :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5", "\xe2\x82"})
    CHECK(utf8_length(broken) == 0);
}

TEST_CASE("foreign text is shown on one line, without what steers a terminal or turns the text round") {
  CHECK(printable(harmless) == harmless);
  CHECK(printable("") == "");
  CHECK(printable("a\tb\r\nc") == "a b  c");
  CHECK(printable("\x1b[31mred\x7f") == "?[31mred?");
  CHECK(printable(std::string_view("\0x", 2)) == "?x");
  CHECK(printable("\xc2\x9b|\xd8\x9c|\xe2\x80\x8f|\xe2\x80\xae|\xe2\x81\xa7") == "?|?|?|?|?");
  CHECK(printable("\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xaa") == "\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xaa");
  const std::string r = "\xef\xbf\xbd";
  CHECK(printable("a\xff\xc3z") == "a" + r + r + "z");
  CHECK(printable("\xed\xa0\x80") == r + r + r);
}

TEST_CASE("the text form shows nothing that steers a terminal, and reads back exactly") {
  CHECK(line_of("\x1b[31m").starts_with("box/m,id=\\x1b[31m;"));
  CHECK(line_of("\xe2\x80\xae\n").starts_with("box/m,id=\\xe2\\x80\\xae\\n;"));
  CHECK(line_of(harmless).find("\\x") == std::string::npos);
  for (const std::string& text : hostile) {
    const std::string line = line_of(text);
    INFO(line);
    CHECK(printable(line) == line);
    const auto back = parse_text(line);
    REQUIRE(back.has_value());
    CHECK(back->series->identity() == Tags{{"id", text}});
    CHECK(back->series->attributes() == Tags{{text + "k", "v"}});
    CHECK(to_text(*back) == line);
  }
}

TEST_CASE("a backslash and x without two digits are what they always were") {
  const auto tag = [](const std::string& written) {
    const auto sample = parse_text("box/m,id=" + written + " f=1g 0 -");
    return sample ? std::string(*sample->series->tag("id")) : "refused";
  };
  CHECK(tag("\\x41\\X41") == "AX41");
  CHECK(tag("\\x4") == "x4");
  CHECK(tag("\\xg1") == "xg1");
  CHECK(tag("\\x-1") == "x-1");
  CHECK(tag("\\\\x41") == "\\x41");
  CHECK(tag("\\x4\\=") == "x4=");
}
