#pragma once

#include "trafficd/descriptor.hpp"

namespace trafficd {

/// A plugin, with what it said when it was asked, once: a stranger's code may not say the same again, or nothing.
struct KnownPlugin : PluginDescriptor {
  /// Asks it, and throws what it throws.
  KnownPlugin(const PluginDescriptor& descriptor)  // NOLINT(google-explicit-constructor): it is that plugin
      : PluginDescriptor(descriptor), declared(descriptor.declare()) {}

  Declarations declare() const = delete;

  Declarations declared;
};

}  // namespace trafficd
