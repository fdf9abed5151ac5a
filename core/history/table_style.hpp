#pragma once
// How a table is to be drawn: what is known of the page that it goes to.

#include <cstddef>

namespace trafficd::history {

struct TableStyle {
  std::size_t width = 80;  ///< 0: nothing to fit, as in a pipe: all columns and no bars
  bool colour = false;
  bool unicode = true;  ///< block characters for the bars; else # and -
};

}  // namespace trafficd::history
