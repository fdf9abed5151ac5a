// Catch2's main, compiled once for all test binaries.
#ifndef TRAFFICD_CATCH3
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif
