#pragma once
// The two symbols of a plugin around a descriptor that the catalog must refuse.
#include "trafficd/entry.hpp"

#define REFUSED_ENTRY(descriptor)                                                                           \
  extern "C" __attribute__((visibility("default"))) const trafficd::PluginDescriptor* trafficd_plugin_v1(); \
  extern "C" const trafficd::PluginDescriptor* trafficd_plugin_v1() { return descriptor; }                  \
  extern "C" __attribute__((visibility("default"))) const char TRAFFICD_MARKER[];                           \
  extern "C" const char TRAFFICD_MARKER[] = "";
