#pragma once
// The safety net around every call into a plugin: what it throws becomes a Status. The only place that catches all.

#include <exception>
#include <typeinfo>

#include "trafficd/status.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

/// Calls `work`, which answers a Status.
template <class Work>
Status guarded(Work&& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    return Status::retry(concat("unexpected error (", typeid(e).name(), "): ", e.what()));
  } catch (...) {
    return Status::retry("unexpected error of an unknown type");
  }
}

}  // namespace trafficd
