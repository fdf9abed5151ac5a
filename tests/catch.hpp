#pragma once
// Catch2 2.13 (Debian 12) or 3 (Debian 13), under one name.
#ifdef TRAFFICD_CATCH3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
