// Holds two plugins, and its static constructor ends the process: it must never be loaded.
#include <cstdlib>

#include "loaded_entry.hpp"
extern "C" __attribute__((visibility("default"))) int trafficd_input_one(), trafficd_output_other();
extern "C" int trafficd_input_one() { return 1; }
extern "C" int trafficd_output_other() { return 2; }
PLUGIN_WHOSE_LOADING("two_plugins", std::abort())
