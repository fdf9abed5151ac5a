// The right marker, but no entry, and its static constructor ends the process: it must never be loaded.
#include <cstdlib>

#include "trafficd/entry.hpp"
extern "C" __attribute__((visibility("default"))) const char TRAFFICD_MARKER[];
extern "C" const char TRAFFICD_MARKER[] = "";
namespace {
[[maybe_unused]] const int ended = (std::abort(), 0);
}
