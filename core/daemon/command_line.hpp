#pragma once
// What is said of a command line that cannot be understood.

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace trafficd {

/// One line that names the command or option that was probably meant; a failure message for CLI::App.
std::string command_line_fault(const CLI::App* app, const CLI::Error& error);

}  // namespace trafficd
