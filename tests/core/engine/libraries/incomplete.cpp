// A plugin that cannot make what it says it is.
#include "refused_entry.hpp"
static const trafficd::PluginDescriptor descriptor{
    .type = trafficd::PluginType::input, .name = "incomplete", .help = "Test.", .declare = [] {
      return trafficd::Declarations{};
    }};
REFUSED_ENTRY(&descriptor)
