#pragma once
// A sample as an object of JSON, as `stdout` writes it with `format: json`:
//
//   {"measurement":"interface","tags":{"interface":"eth0"},"fields":{"rx_bytes":1234,"up":true},"time":1700000000000000000}
//
// The time is in nanoseconds since 1970 and may be missing; so may the tags. The tag `instance` says which instance of
// another daemon made it. Texts among the fields are left out; null is absent.

#include "lines/reading.hpp"

namespace trafficd::common {

/// Parses one object. Hostile input is safe.
Result<Reading> parse_sample_json(std::string_view text);

}  // namespace trafficd::common
