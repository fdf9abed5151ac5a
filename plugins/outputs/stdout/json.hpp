#pragma once
// A sample as one line of JSON: {"measurement":…,"tags":{…},"fields":{…},"time":ns}. The instance is a tag of its own;
// absent and non-finite fields are left out; integers stay integers; bytes that are not UTF-8 become U+FFFD.

#include <string>

#include "trafficd/sample.hpp"

namespace trafficd {

void append_sample_json(std::string& out, const Sample& sample);

}  // namespace trafficd
