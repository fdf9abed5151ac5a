#pragma once
// A good plugin around a static constructor that is not: its name is given, and what its loading does.
#include "refused_entry.hpp"

#define PLUGIN_WHOSE_LOADING(name_, does)                                                         \
  static const trafficd::PluginDescriptor descriptor{                                             \
      .type = trafficd::PluginType::input,                                                        \
      .name = name_,                                                                              \
      .help = "Test.",                                                                            \
      .declare = [] { return trafficd::Declarations{}; },                                         \
      .make_input = [](const trafficd::ConfigNode&, trafficd::Host&) -> trafficd::InputInstance { \
        return std::unique_ptr<trafficd::PollInput>();                                            \
      }};                                                                                         \
  REFUSED_ENTRY(&descriptor)                                                                      \
  [[maybe_unused]] static const int loaded = (does, 0);
