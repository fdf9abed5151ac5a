#pragma once
// A library may end the process that loads it: its static constructors run before anything of it can be asked. So one
// that is not of our own making is loaded by a child process first.

#include <functional>
#include <string>

#include "engine/making.hpp"
#include "trafficd/wait.hpp"

namespace trafficd {

/// How `load` goes when a child process does it: empty when it comes back, whatever came of it, else what it does
/// instead. The child has no files and no core dump, and after `patience` it is killed. Any thread.
std::string load_trial_fault(
    const std::function<void()>& load, Duration patience, const StopWanted& stop_wanted = [] { return false; });

}  // namespace trafficd
