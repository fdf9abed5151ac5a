#pragma once
// JSON with line breaks and indentation, for people who look at what programs read.

#include <boost/json/fwd.hpp>
#include <string>

namespace trafficd {

/// Two spaces a level; empty objects and arrays, and arrays of plain values, stay on one line.
std::string print_json(const boost::json::value& value);

}  // namespace trafficd
