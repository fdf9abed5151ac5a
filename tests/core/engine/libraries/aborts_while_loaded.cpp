// A plugin by all that can be read of it, whose static constructor ends the process.
#include <cstdlib>

#include "loaded_entry.hpp"
PLUGIN_WHOSE_LOADING("aborts_while_loaded", std::abort())
