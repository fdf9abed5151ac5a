#pragma once
// What is done to the text of a configuration before and after it is parsed: the check that it is text, references to
// the environment, places for messages. Pure functions.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trafficd/config_node.hpp"

namespace trafficd {

/// The value of an environment variable, or nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

struct Expansion {
  bool any = false;   ///< there was a reference
  std::string error;  ///< why it could not be replaced; the text is then unchanged
};
/// Replaces `${NAME}`, `${NAME:-text}` (when unset or empty) and `$${` (a plain `${`) in `text`, to at most `limit`
/// bytes.
Expansion expand_environment(std::string& text, const Environment& environment, std::size_t limit);

/// Where the text stops being UTF-8 without control characters, or npos.
std::size_t first_bad_byte(std::string_view text);

/// Whether the value at `offset` is in quotes that are never closed. Anchors before it are passed over.
bool unclosed_quote(std::string_view text, std::size_t offset);

Mark place_of(std::string_view text, std::size_t offset, const std::string& file);

/// The other way round: where line and column, both counted from 0, stand in the text.
std::size_t offset_of(const std::vector<std::size_t>& line_starts, int line, int column);
std::vector<std::size_t> line_starts(std::string_view text);

/// The last of the lines just up to `line` that is indented with a tab, or 0: the cause of many an odd message.
int tab_line(std::string_view text, int line);

}  // namespace trafficd
