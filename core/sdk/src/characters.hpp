#pragma once
// Which characters of foreign text may be shown as they are.

#include <cstddef>
#include <string_view>

namespace trafficd::detail {

/// The bytes of the character at the front; 0 when it is a control character, turns the direction of writing or is not
/// UTF-8.
std::size_t showable_length(std::string_view text);

}  // namespace trafficd::detail
