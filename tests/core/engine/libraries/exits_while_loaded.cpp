// A plugin by all that can be read of it, whose static constructor ends the process as if all were well.
#include <cstdlib>

#include "loaded_entry.hpp"
PLUGIN_WHOSE_LOADING("exits_while_loaded", std::exit(0))
