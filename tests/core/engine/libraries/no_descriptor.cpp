// A plugin whose entry gives nothing.
#include "refused_entry.hpp"
REFUSED_ENTRY(nullptr)
