#pragma once
// What a plugin leaves in the process or asks of the system.

#include <functional>
#include <map>
#include <string>

namespace trafficd::contract {

/// Every open descriptor and what it leads to, and the number of threads: two that are equal mean that nothing stayed.
struct Held {
  std::map<std::string, std::string> descriptors;
  std::size_t threads = 0;
  friend bool operator==(const Held&, const Held&) = default;
};
Held held_now();

/// Runs `work` in a child of this process that may neither open a file or a socket nor start a thread or a process.
/// Answers the name of the call that it tried, or nothing.
std::string forbidden_call(const std::function<void()>& work);

}  // namespace trafficd::contract
