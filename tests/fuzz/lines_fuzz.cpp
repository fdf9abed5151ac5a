// Any bytes as what a foreign program prints, in each of its forms: a sample that holds to the rules, or an error. In
// whatever pieces the bytes come, the lines are the same.

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "inputs/exec/line_splitter.hpp"
#include "lines/sample_maker.hpp"
#include "require.hpp"
#include "trafficd/testing/host.hpp"
#include "trafficd/text.hpp"

using namespace trafficd;
using namespace trafficd::common;

namespace {

testing::TestHost& host() {
  static testing::TestHost one({.max_series = 100, .state_folder = "/nonexistent"});
  return one;
}

std::vector<std::string> split(std::string_view bytes, std::size_t piece) {
  exec::LineSplitter splitter(256);
  std::vector<std::string> lines;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    splitter.feed(bytes.substr(0, piece), [&](std::string_view line) { lines.emplace_back(line); });
  std::string rest = splitter.rest();
  FUZZ_REQUIRE(rest.size() <= 256);
  lines.push_back(std::move(rest));
  return lines;
}

void check_reading(const Reading& reading) {
  FUZZ_REQUIRE(!reading.measurement.empty());
  std::set<std::string> names;
  for (const Reading::Field& field : reading.fields) {
    FUZZ_REQUIRE(!field.value.absent());
    FUZZ_REQUIRE(std::isfinite(field.value.as_real()));
    FUZZ_REQUIRE(names.insert(field.name).second);
  }
}

void check_sample(const Sample& sample) {
  const auto& fields = sample.series->measurement().fields();
  FUZZ_REQUIRE(sample.values.size() == fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i)
    FUZZ_REQUIRE(fields[i].kind == Kind::gauge || sample.values[i].absent() || sample.values[i].is_unsigned());
  FUZZ_REQUIRE(sample.time > Timestamp{});
  const std::string printed = to_text(sample);
  const auto again = parse_text(printed);
  FUZZ_REQUIRE(again.has_value());
  FUZZ_REQUIRE(to_text(*again) == printed);
}

void check_line(SampleMaker& maker, LineFormat format, std::string_view line) {
  auto reading = read_line(format, line);
  if (!reading) {
    FUZZ_REQUIRE(!reading.error().empty());
    return;
  }
  check_reading(*reading);
  const auto sample = maker.make(*std::move(reading), host().clock().now());
  if (sample)
    check_sample(*sample);
  else
    FUZZ_REQUIRE(!sample.error().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  const std::vector<std::string> lines = split(bytes, bytes.size() + 1);
  FUZZ_REQUIRE(split(bytes, 1) == lines);
  FUZZ_REQUIRE(split(bytes, 7) == lines);
  for (const LineFormat format : {LineFormat::line_protocol, LineFormat::json, LineFormat::text}) {
    SampleMaker maker(host(), {.counters = {"c*"}, .attributes = {"a*"}, .traits = {.width = 32, .max_rate = 9}});
    check_line(maker, format, bytes);
    for (const std::string& line : lines) check_line(maker, format, line);
  }
  return 0;
}
