#include "trafficd/units.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include "catch.hpp"
#include "trafficd/series.hpp"

using namespace trafficd;
using namespace std::chrono_literals;

namespace {

std::string duration_error(std::string_view text) {
  const auto result = parse_duration(text);
  return result ? "accepted as " + format_duration(*result) : result.error();
}

std::string size_error(std::string_view text) {
  const auto result = parse_size(text);
  return result ? "accepted as " + format_size(*result) : result.error();
}

std::string network_error(std::string_view text) {
  const auto result = parse_network(text);
  return result ? "accepted as " + format_network(*result) : result.error();
}

bool says(const std::string& message, std::string_view words) { return message.find(words) != std::string::npos; }

std::array<std::uint8_t, 16> v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) { return {a, b, c, d}; }

}  // namespace

TEST_CASE("durations are read in every unit and in sums") {
  const std::pair<std::string_view, Duration> cases[] = {
      {"0", 0s},
      {"0s", 0s},
      {"150ms", 150ms},
      {"10s", 10s},
      {"5m", 5min},
      {"2h", 2h},
      {"14d", 336h},
      {"2w", 336h},
      {"1y", 8760h},
      {"1h30m", 90min},
      {"1d2h3m4s5ms6us7ns", 26h + 3min + 4s + 5ms + 6us + 7ns},
      {"1.5h", 90min},
      {"0.25s", 250ms},
      {"292y", 292 * 8760h},
  };
  for (const auto& [text, expected] : cases) {
    INFO(text);
    const auto result = parse_duration(text);
    REQUIRE(result);
    CHECK(*result == expected);
  }
}

TEST_CASE("durations that are slips are refused with what to write") {
  CHECK(says(duration_error("10"), "say 10s"));
  CHECK(says(duration_error("10 s"), "is not a duration"));
  CHECK(says(duration_error("10min"), "'min' is not known; use ns, us, ms, s, m, h, d, w or y"));
  CHECK(says(duration_error("10S"), "'S' is not known"));
  CHECK(says(duration_error("-5s"), "negative"));
  CHECK(says(duration_error("010s"), "begins with a zero"));
  CHECK(says(duration_error("30m1h"), "is not a duration"));
  CHECK(says(duration_error("1h1h"), "is not a duration"));
  CHECK(says(duration_error("1h30"), "is not a duration"));
  CHECK(says(duration_error("1.s"), "is not a duration"));
  CHECK(says(duration_error(".5s"), "is not a duration"));
  CHECK(says(duration_error("1.5ns"), "finer than a nanosecond"));
  CHECK(says(duration_error("300y"), "too long"));
  CHECK(says(duration_error("99999999999999999999s"), "is not a duration"));
  CHECK(says(duration_error("18446744073709551615y"), "too long"));
  CHECK(says(duration_error(""), "missing"));
  CHECK(says(duration_error("s"), "is not a duration"));
  CHECK(says(duration_error("\n\x01s"), "' ?s'"));
}

TEST_CASE("a duration that is printed reads back the same") {
  const std::pair<Duration, std::string_view> cases[] = {
      {0s, "0s"},      {60s, "1m"},         {90s, "1m30s"}, {3600s, "1h"},
      {24h, "1d"},     {336h, "14d"},       {8760h, "1y"},  {8760h * 2, "2y"},
      {9600h, "400d"}, {1500ms, "1s500ms"}, {1ns, "1ns"},   {Duration::max(), "106751d23h47m16s854ms775us807ns"},
  };
  for (const auto& [duration, text] : cases) {
    CHECK(format_duration(duration) == text);
    CHECK(*parse_duration(text) == duration);
  }
  CHECK(format_duration(-90s) == "-1m30s");
  CHECK(format_duration(Duration::min()).starts_with("-106751d"));
}

TEST_CASE("sizes are read in thousands and in binary units") {
  const std::pair<std::string_view, std::uint64_t> cases[] = {
      {"0", 0},
      {"512B", 512},
      {"64KiB", 65536},
      {"1.5GiB", 1610612736},
      {"500MB", 500'000'000},
      {"1TB", 1'000'000'000'000},
      {"2K", 2000},
      {"2kB", 2000},
      {"2KB", 2000},
      {"3M", 3'000'000},
      {"16383PiB", 16383ULL << 50},
      {"0.5kB", 500},
  };
  for (const auto& [text, expected] : cases) {
    INFO(text);
    const auto result = parse_size(text);
    REQUIRE(result);
    CHECK(result->bytes == expected);
  }
  CHECK(says(size_error("10"), "say 10B"));
  CHECK(says(size_error("10mb"), "'mb' is not known; use B, kB, MB"));
  CHECK(says(size_error("010MB"), "begins with a zero"));
  CHECK(says(size_error("-1B"), "negative"));
  CHECK(says(size_error("16384PiB"), "too large"));
  CHECK(says(size_error("1MB1kB"), "is not a size"));
  CHECK(says(size_error("1 MB"), "is not a size"));
  CHECK(says(size_error(""), "missing"));
}

TEST_CASE("a size is printed in its shortest exact form") {
  const std::pair<std::uint64_t, std::string_view> cases[] = {
      {0, "0B"},
      {1, "1B"},
      {1234, "1234B"},
      {65536, "64KiB"},
      {500'000'000, "500MB"},
      {1000, "1kB"},
      {1024, "1KiB"},
      {std::numeric_limits<std::uint64_t>::max(), "18446744073709551615B"},
  };
  for (const auto& [bytes, text] : cases) {
    CHECK(format_size({bytes}) == text);
    CHECK(parse_size(text)->bytes == bytes);
  }
}

TEST_CASE("people read three digits and a unit") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(999) == "999 B");
  CHECK(human_bytes(1000) == "1.00 kB");
  CHECK(human_bytes(1.2109e9) == "1.21 GB");
  CHECK(human_bytes(1.2109e9, true) == "1.13 GiB");
  CHECK(human_bytes(1023, true) == "1023 B");
  CHECK(human_bytes(9.996e6) == "10.0 MB");
  CHECK(human_bytes(999'600) == "1.00 MB");
  CHECK(human_bytes(99.96e6) == "100 MB");
  CHECK(human_bytes(-1500) == "-1.50 kB");
  CHECK(human_bytes(1e30).ends_with(" EB"));
  CHECK(human_bytes(std::numeric_limits<double>::infinity()) == "?");
  CHECK(human_rate(12.34e6) == "12.3 Mbit/s");
  CHECK(human_rate(0.5) == "0.50 bit/s");
}

TEST_CASE("address blocks are read and refused") {
  const auto lan = parse_network("192.168.0.0/16");
  REQUIRE(lan);
  CHECK(lan->contains(v4(192, 168, 255, 1), false));
  CHECK_FALSE(lan->contains(v4(192, 169, 0, 1), false));
  CHECK_FALSE(lan->contains(v4(192, 168, 255, 1), true));
  CHECK(format_network(*lan) == "192.168.0.0/16");
  CHECK(parse_network("10.0.0.0/9")->contains(v4(10, 127, 0, 0), false));
  CHECK_FALSE(parse_network("10.0.0.0/9")->contains(v4(10, 128, 0, 0), false));
  CHECK(parse_network("0.0.0.0/0")->contains(v4(1, 2, 3, 4), false));
  CHECK(format_network(*parse_network("10.1.2.3")) == "10.1.2.3/32");
  CHECK(format_network(*parse_network("fd00::/8")) == "fd00::/8");
  CHECK(parse_network("fd00::/8")->contains({0xfd, 0x12}, true));
  CHECK_FALSE(parse_network("fd00::/8")->contains({0xfe, 0x12}, true));

  CHECK(says(network_error("192.168.1.0/16"), "the block is 192.168.0.0/16, the address alone 192.168.1.0"));
  CHECK(says(network_error("fd00::1/8"), "the block is fd00::/8"));
  CHECK(says(network_error("10.0.0.0/33"), "longer than 32 bits"));
  CHECK(says(network_error("::/129"), "longer than 128 bits"));
  for (const char* bad : {"", "/", "10.0.0/8", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ", "010.0.0.0/8",
                          "localhost", "fe80::1%eth0", "1::2::3"}) {
    INFO(bad);
    CHECK(says(network_error(bad), "is not an address block"));
  }
  CHECK(says(network_error(std::string_view("10.0.0.0\0/8", 11)), "is not an address block"));
}

TEST_CASE("a pattern that cannot mean what was wanted is told") {
  for (const char* good : {"", "*", "eth[0-9]", "[!a]", "[]]", "[[]x", "a]", "[a-]", "[-a]", "[ä-ö]"}) {
    INFO(good);
    CHECK(glob_fault(good) == "");
  }
  CHECK(glob_fault("eth[0-9") == "has a '[' that no ']' closes; write '[[]' for the bracket itself");
  CHECK(glob_fault("[a]b[") != "");
  CHECK(glob_fault("x[9-0]") == "has the range '9-0', which holds nothing: its ends stand the wrong way round");
  CHECK(glob_fault("[!z-a]") != "");
}

TEST_CASE("globs fit as a shell's do") {
  CHECK(glob_match("", ""));
  CHECK_FALSE(glob_match("", "a"));
  CHECK(glob_match("*", ""));
  CHECK(glob_match("eth?", "eth0"));
  CHECK_FALSE(glob_match("eth?", "eth"));
  CHECK_FALSE(glob_match("eth?", "eth10"));
  CHECK(glob_match("*.example.*", "a.example.example.org"));
  CHECK(glob_match("a*b*c", "aXbXbXc"));
  CHECK_FALSE(glob_match("a*b*c", "aXbXbX"));
  CHECK(glob_match("eth[0-3]", "eth2"));
  CHECK_FALSE(glob_match("eth[0-3]", "eth4"));
  CHECK(glob_match("[!a-c]x", "dx"));
  CHECK_FALSE(glob_match("[!a-c]x", "bx"));
  CHECK(glob_match("[]]", "]"));
  CHECK(glob_match("[a-]", "-"));
  CHECK(glob_match("a[b", "a[b"));
  CHECK_FALSE(glob_match("a[b", "ab"));
  CHECK(glob_match("?x", "\xc3\xa9x"));
  CHECK(glob_match("[\xc3\xa0-\xc3\xaf]", "\xc3\xa9"));
  CHECK(glob_match("*x", "\xc3\xa9\xffx"));
  CHECK(glob_match(std::vector<std::string>{"lo", "eth*"}, "eth0"));
  CHECK_FALSE(glob_match(std::vector<std::string>{}, "eth0"));
  // A pattern that takes exponential time in a naive matcher.
  CHECK_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

TEST_CASE("a series fits one of the measurements and all of the tags") {
  const auto measurement = make_measurement("interface_rate", "", {{"f", Kind::gauge, "", ""}}, {"interface"});
  const SeriesPtr series = make_series("box", measurement, {{"interface", "eth0"}}, {{"site", "home"}});
  CHECK(series->fits({}, {}));
  CHECK(series->fits({"cpu", "interface*"}, {{"interface", "eth?"}, {"site", "home"}}));
  CHECK_FALSE(series->fits({"interface"}, {}));
  CHECK_FALSE(series->fits({}, {{"interface", "eth0"}, {"site", "work"}}));
  CHECK_FALSE(series->fits({}, {{"missing", "?*"}}));
  CHECK(series->fits({}, {{"missing", "*"}}));
}

TEST_CASE("a secret is read when it is asked for and never shown") {
  const auto folder = std::filesystem::path(TRAFFICD_BINARY_DIR) / "secret_test";
  std::filesystem::create_directories(folder);
  const std::string file = (folder / "token").string();

  CHECK(Secret().empty());
  CHECK_FALSE(Secret().reveal());
  CHECK(Secret(Secret::Source::text, "hunter2").where() == "***");
  CHECK(*Secret(Secret::Source::text, "hunter2").reveal() == "hunter2");

  const Secret from_file(Secret::Source::file, file);
  std::filesystem::remove(file);
  REQUIRE_FALSE(from_file.reveal());
  CHECK(says(from_file.reveal().error(), file + "': No such file"));
  std::ofstream(file) << "hunter2\n";
  CHECK(*from_file.reveal() == "hunter2");
  std::ofstream(file) << "two\nlines\r\n";
  CHECK(*from_file.reveal() == "two\nlines");
  std::ofstream(file) << "\n";
  CHECK(says(from_file.reveal().error(), "is empty"));
  std::ofstream(file) << std::string(70'000, 'x');
  CHECK(says(from_file.reveal().error(), "larger than 64 KiB"));
  CHECK_FALSE(says(from_file.reveal().error(), "xxx"));
  CHECK_FALSE(Secret(Secret::Source::file, folder.string()).reveal());
  std::filesystem::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);  // who opens one waits until somebody writes
  CHECK(says(from_file.reveal().error(), "is empty"));
  std::filesystem::remove(file);

  unsetenv("TRAFFICD_TEST_TOKEN");
  const Secret from_environment(Secret::Source::environment, "TRAFFICD_TEST_TOKEN");
  CHECK(says(from_environment.reveal().error(), "TRAFFICD_TEST_TOKEN of a secret is not set"));
  setenv("TRAFFICD_TEST_TOKEN", "hunter2", 1);
  CHECK(*from_environment.reveal() == "hunter2");
  unsetenv("TRAFFICD_TEST_TOKEN");

  const Secret credential(Secret::Source::credential, "token");
  unsetenv("CREDENTIALS_DIRECTORY");
  CHECK(says(credential.reveal().error(), "LoadCredential=token:FILE"));
  setenv("CREDENTIALS_DIRECTORY", folder.c_str(), 1);
  std::ofstream(file) << "hunter2";
  CHECK(*credential.reveal() == "hunter2");
  unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("texts and numbers are joined") {
  CHECK(concat("a", 'b', 1, -2L, 3U, 0.5, true, std::string("c"), std::filesystem::path("/x")) == "ab1-230.5truec/x");
}

TEST_CASE("when to try again is some time from now, and not for good") {
  CHECK_FALSE(Status::retry("x").not_before());
  CHECK_FALSE(Status::retry("x").not_before(0s).not_before());
  CHECK_FALSE(Status::retry("x").not_before(-5s).not_before());
  CHECK(Status::retry("x").not_before(90s).not_before() == 90s);
  CHECK(Status::retry("x").not_before(1ns).not_before() == 10ms);
  CHECK(Status::retry("x").not_before(Duration::max()).not_before() == 24h);
}
