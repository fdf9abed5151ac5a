// Any bytes as the text form, a unit, a network or a glob: an answer or an error; what is accepted is printed so that
// it reads back the same.

#include <string>

#include "require.hpp"
#include "trafficd/text.hpp"
#include "trafficd/units.hpp"

using namespace trafficd;

namespace {

void check_line(std::string_view line) {
  const auto sample = parse_text(line);
  if (!sample) {
    FUZZ_REQUIRE(!sample.error().empty());
    return;
  }
  const std::string printed = to_text(*sample);
  FUZZ_REQUIRE(printed.find('\n') == std::string::npos);
  const auto again = parse_text(printed);
  FUZZ_REQUIRE(again.has_value());
  FUZZ_REQUIRE(to_text(*again) == printed);
  FUZZ_REQUIRE(again->series->same_identity(*sample->series));
  FUZZ_REQUIRE(again->time == sample->time && again->epoch == sample->epoch && again->born == sample->born &&
               again->mark_only == sample->mark_only);
}

void check_units(std::string_view text) {
  if (const auto duration = parse_duration(text)) {
    const auto again = parse_duration(format_duration(*duration));
    FUZZ_REQUIRE(again && *again == *duration);
  }
  if (const auto size = parse_size(text)) {
    const auto again = parse_size(format_size(*size));
    FUZZ_REQUIRE(again && *again == *size);
  }
  if (const auto network = parse_network(text)) {
    const auto again = parse_network(format_network(*network));
    FUZZ_REQUIRE(again && *again == *network);
    FUZZ_REQUIRE(network->contains(network->address, network->ipv6));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  const std::string_view text = bytes;
  check_line(text);
  check_units(text);
  if (text.size() <= 4096) {
    const std::size_t half = text.size() / 2;
    glob_match(text.substr(0, half), text.substr(half));
    FUZZ_REQUIRE(glob_match("*", text));
  }
  return 0;
}
