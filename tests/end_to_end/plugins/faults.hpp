#pragma once
// What the faulty plugins of all kinds have in common: which fault is wanted, and how one throws.

#include <stdexcept>
#include <string>

#include "trafficd/plugin.hpp"

namespace trafficd {

struct FaultConfig {
  std::string fault;
};

inline Options<FaultConfig> fault_options() {
  return Options<FaultConfig>{}
      .add("fault", &FaultConfig::fault, "What it does, as the plugin's source says.")
      .required();
}

/// `throws` throws a text and `throws_a_number` a number, wherever else than in `open`; `throws_at_open` there.
inline void throw_if_wanted(const std::string& fault, const std::string& where) {
  const bool at_open = where == "open";
  if (fault == (at_open ? "throws_at_open" : "throws")) throw std::runtime_error(where + " is beyond me");
  if (!at_open && fault == "throws_a_number") throw 7;
}

}  // namespace trafficd
