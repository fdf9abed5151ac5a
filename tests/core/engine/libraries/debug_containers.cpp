// Its containers are the checking ones of the standard library, which are bigger than ours; and its static constructor
// ends the process: it must never be loaded.
#include <cstdlib>

#include "refused_entry.hpp"

REFUSED_ENTRY(nullptr)
namespace {
[[maybe_unused]] const int ended = (std::abort(), 0);
}
