#pragma once
// The whole configuration as a JSON Schema (draft 2020-12), for editors that complete and check while one types. It is
// made from the same declarations that read the configuration.

#include <string>

#include "engine/document.hpp"

namespace trafficd {

std::string configuration_schema(const Plugins& plugins);

}  // namespace trafficd
