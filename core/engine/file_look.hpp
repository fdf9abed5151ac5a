#pragma once

#include <string>

namespace trafficd {

/// A text that is another one when the name stands for another file, or the file has been written since. Links are
/// followed. Any thread.
std::string look_of(const std::string& file);

}  // namespace trafficd
