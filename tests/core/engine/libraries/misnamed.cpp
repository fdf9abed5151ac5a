// A plugin whose name is not its file's.
#include "refused_entry.hpp"
static const trafficd::PluginDescriptor descriptor{
    .type = trafficd::PluginType::input, .name = "another", .help = "Test.", .declare = [] {
      return trafficd::Declarations{};
    }};
REFUSED_ENTRY(&descriptor)
