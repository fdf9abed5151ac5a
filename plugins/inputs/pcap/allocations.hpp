#pragma once
// For tests: how often this program has allocated memory so far.

#include <cstdint>

std::uint64_t allocations();
