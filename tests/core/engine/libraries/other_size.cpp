// A plugin with the right marker and a descriptor of another size.
#include "refused_entry.hpp"
static const trafficd::PluginDescriptor descriptor{
    .size = 8, .type = trafficd::PluginType::input, .name = "other_size", .help = "Test.", .declare = [] {
      return trafficd::Declarations{};
    }};
REFUSED_ENTRY(&descriptor)
