#pragma once
// The two symbols of a plugin library, written by a generated file: the descriptor, and a marker whose name carries SDK
// number, ABI and build flavour. The daemon looks for the marker in the file before it loads it, because loading
// already runs code.

#include "trafficd/descriptor.hpp"

#define TRAFFICD_JOIN_(sdk, abi, flavour) trafficd_sdk_##sdk##_gcc_##abi##_##flavour
#define TRAFFICD_JOIN(sdk, abi, flavour) TRAFFICD_JOIN_(sdk, abi, flavour)
#define TRAFFICD_MARKER TRAFFICD_JOIN(TRAFFICD_SDK, TRAFFICD_ABI, TRAFFICD_FLAVOUR)
#define TRAFFICD_TEXT_(name) #name
#define TRAFFICD_TEXT(name) TRAFFICD_TEXT_(name)

#define TRAFFICD_ENTRY(kind, name)                                                                            \
  extern "C" const ::trafficd::PluginDescriptor* trafficd_##kind##_##name();                                  \
  extern "C" __attribute__((visibility("default"))) const ::trafficd::PluginDescriptor* trafficd_plugin_v1(); \
  extern "C" const ::trafficd::PluginDescriptor* trafficd_plugin_v1() { return trafficd_##kind##_##name(); }  \
  extern "C" __attribute__((visibility("default"))) const char TRAFFICD_MARKER[];                             \
  extern "C" const char TRAFFICD_MARKER[] = TRAFFICD_TEXT(TRAFFICD_MARKER);
