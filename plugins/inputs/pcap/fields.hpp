#pragma once
// How the measurements of this input describe their fields.

#include <string>
#include <utility>

#include "trafficd/series.hpp"

namespace trafficd::pcap_input {

inline FieldSpec counter(std::string name, std::string unit, std::string help) {
  return {.name = std::move(name), .kind = Kind::counter, .unit = std::move(unit), .help = std::move(help)};
}

}  // namespace trafficd::pcap_input
