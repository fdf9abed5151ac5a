#pragma once
// The safety net around every call into a plugin: what it throws becomes a Status. The only place that catches all.

#include <exception>
#include <memory>
#include <stdexcept>
#include <typeinfo>

#include "trafficd/status.hpp"
#include "trafficd/units.hpp"

namespace trafficd {

/// What the exception says; that may be nothing at all.
inline const char* words_of(const std::exception& e) {
  const char* const words = e.what();
  return words ? words : "without a word";
}

/// The same of a failure.
inline std::string words_of(const Status& status) {
  return status.message().empty() ? "failed, and does not say why" : std::string(status.message());
}

/// What a plugin made, unless it is nothing.
template <class Made>
std::unique_ptr<Made> must_be_made(std::unique_ptr<Made> made) {
  if (!made) throw std::runtime_error("it made nothing");
  return made;
}

/// Calls `work`, which answers a Status.
template <class Work>
Status guarded(Work&& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    return Status::retry(concat("unexpected error (", typeid(e).name(), "): ", words_of(e)));
  } catch (...) {
    return Status::retry("unexpected error of an unknown type");
  }
}

}  // namespace trafficd
