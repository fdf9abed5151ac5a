// Built for another SDK by its marker, and its static constructor ends the process: it must never be loaded.
#include <cstdlib>
extern "C" __attribute__((visibility("default"))) const char trafficd_sdk_999_gcc_cxx11_plain[];
extern "C" const char trafficd_sdk_999_gcc_cxx11_plain[] = "";
namespace {
[[maybe_unused]] const int ended = (std::abort(), 0);
}
