// Its parts were built for two SDKs, and its static constructor ends the process: it must never be loaded.
#include <cstdlib>

#include "loaded_entry.hpp"
extern "C" __attribute__((visibility("default"))) const char trafficd_sdk_999_gcc_cxx11_plain[];
extern "C" const char trafficd_sdk_999_gcc_cxx11_plain[] = "";
PLUGIN_WHOSE_LOADING("two_marks", std::abort())
