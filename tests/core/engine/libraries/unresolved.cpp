// A plugin that was linked without a library that it needs, and its static constructor ends the process: it must not
// come so far.
#include <cstdlib>

#include "refused_entry.hpp"
trafficd::Declarations in_a_missing_library();
static const trafficd::PluginDescriptor descriptor{
    .type = trafficd::PluginType::input, .name = "unresolved", .help = "Test.", .declare = &in_a_missing_library};
REFUSED_ENTRY(&descriptor)
namespace {
[[maybe_unused]] const int ended = (std::abort(), 0);
}
