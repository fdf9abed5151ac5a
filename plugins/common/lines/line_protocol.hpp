#pragma once
// The line protocol of InfluxDB, which many programs can write:
//
//   interface,interface=eth0,site=home rx_bytes=1234i,load=0.5,up=true 1700000000000000000
//
// Measurement and tags, the fields, the time in nanoseconds since 1970 (it may be missing). A number is a real, with
// `i` or `u` behind it an integer; `true` and `false` are 1 and 0; texts in quotes and numbers that are not finite are
// left out. In names and tags a backslash stands before comma, equals sign and blank. The tag `instance` says which
// instance of another daemon made it.

#include "lines/reading.hpp"

namespace trafficd::common {

/// Parses one line without its line end. Hostile input is safe.
Result<Reading> parse_line_protocol(std::string_view line);

}  // namespace trafficd::common
