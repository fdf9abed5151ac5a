// Built with another standard library ABI by its marker, and its static constructor ends the process: it must never be
// loaded.
#include <cstdlib>

#include "trafficd/entry.hpp"
#define OTHER_BUILD TRAFFICD_JOIN(TRAFFICD_SDK, other, plain)
extern "C" __attribute__((visibility("default"))) const char OTHER_BUILD[];
extern "C" const char OTHER_BUILD[] = "";
namespace {
[[maybe_unused]] const int ended = (std::abort(), 0);
}
