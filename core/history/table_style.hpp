#pragma once

#include <cstddef>

namespace trafficd::history {

/// The page that a table is drawn for.
struct TableStyle {
  std::size_t width = 80;  ///< 0: nothing to fit, as in a pipe: all columns and no bars
  bool colour = false;
  bool unicode = true;  ///< block characters for the bars; else # and -
};

}  // namespace trafficd::history
