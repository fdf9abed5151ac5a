#pragma once
// The text form of a sample: one line, readable, and complete enough to be parsed back. It is what `stdout` prints,
// what golden files hold and what a queue on disk keeps.
//
//   lan/interface,interface=eth0;primary=yes rx_bytes=1234c,tx_bytes=99c,up=1g 1700000000000000000 8f3a61*
//   ^instance ^measurement ^identity ^attributes  ^value and kind (c, d, g)      ^ns since 1970    ^epoch
//
// After a number stands its kind. Digits alone are unsigned, a minus makes a signed integer, a point or exponent a
// real. Absent fields are left out. The epoch is hexadecimal, `-` when the source cannot tell, followed by `*` when the
// life began under the input's eyes and by `!` when the sample only sets the mark of its life; then ` w32` and
// ` r<rate>` where the counter traits differ from the default. In names and values a backslash stands before space,
// comma, equals, semicolon, slash and backslash; \n is a line feed, and \x with two hexadecimal digits a byte of what a
// terminal must not be shown: control characters, those that turn the direction of writing, what is not UTF-8.

#include <functional>
#include <string>
#include <string_view>

#include "trafficd/sample.hpp"

namespace trafficd {

void append_text(std::string& out, const Sample& sample);
std::string to_text(const Sample& sample);

/// Gives the measurement of that name when it is declared, else nullptr.
using FindMeasurement = std::function<MeasurementPtr(std::string_view name)>;

/// Parses one line without its line feed. A measurement that `find` does not know is rebuilt from the line (without
/// units and help); a declared field that the line lacks is absent; one that is not declared is an error. Hostile input
/// is safe.
Result<Sample> parse_text(std::string_view line, const FindMeasurement& find = {});

/// A batch as lines, each ended by a line feed.
std::string to_text(const Batch& batch);

/// Shortest decimal that reads back the same; a real always shows a point or an exponent.
void append_value(std::string& out, const Value& value);

}  // namespace trafficd
