// A plugin by all that can be read of it, whose static constructor throws.
#include <stdexcept>

#include "loaded_entry.hpp"
static int throws() { throw std::runtime_error("loading is beyond me"); }
PLUGIN_WHOSE_LOADING("throws_while_loaded", throws())
