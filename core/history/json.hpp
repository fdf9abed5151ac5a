#pragma once
// JSON as the history writes it: tags as one object, texts quoted. Reading is left to SQLite's own JSON functions.

#include <string>
#include <string_view>

#include "trafficd/series.hpp"

namespace trafficd::history {

/// Appends `text` between quotes; control characters are escaped, bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& out, std::string_view text);
/// `{"device":"aa:bb:cc:dd:ee:ff","family":"ipv4"}`, in the order given.
std::string to_json(const Tags& tags);

}  // namespace trafficd::history
