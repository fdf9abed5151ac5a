// The right marker, but no entry.
#include "trafficd/entry.hpp"
extern "C" __attribute__((visibility("default"))) const char TRAFFICD_MARKER[];
extern "C" const char TRAFFICD_MARKER[] = "";
