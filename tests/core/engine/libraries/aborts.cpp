// Not a plugin, and its static constructor ends the process: it must never be loaded.
#include <cstdlib>
namespace {
[[maybe_unused]] const int ended = (std::abort(), 0);
}
