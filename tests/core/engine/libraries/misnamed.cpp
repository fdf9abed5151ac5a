// A plugin whose name is not its file's.
#include "refused_entry.hpp"
static const trafficd::PluginDescriptor descriptor{
    .type = trafficd::PluginType::input,
    .name = "another",
    .help = "Test.",
    .declare = [] { return trafficd::Declarations{}; },
    .make_input = [](const trafficd::ConfigNode&, trafficd::Host&) -> trafficd::InputInstance {
      return std::unique_ptr<trafficd::PollInput>();
    }};
REFUSED_ENTRY(&descriptor)
