#pragma once
// JSON out of texts that come from anywhere: what is not UTF-8 is repaired, so that what is printed can be parsed.

#include <string>
#include <string_view>

namespace trafficd::common {

/// The text with every byte that is no part of valid UTF-8 replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

/// Appends the text as a JSON string, with its quotes.
void append_json_text(std::string& out, std::string_view text);

}  // namespace trafficd::common
