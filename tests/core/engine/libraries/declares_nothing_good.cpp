// A plugin that throws what is no exception when it is asked what it declares.
#include "refused_entry.hpp"
static const trafficd::PluginDescriptor descriptor{
    .type = trafficd::PluginType::input,
    .name = "declares_nothing_good",
    .help = "Test.",
    .declare = []() -> trafficd::Declarations { throw 7; },
    .make_input = [](const trafficd::ConfigNode&, trafficd::Host&) -> trafficd::InputInstance {
      return std::unique_ptr<trafficd::PollInput>();
    }};
REFUSED_ENTRY(&descriptor)
