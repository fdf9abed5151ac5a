#pragma once
// What is said of a command line that cannot be understood.

#include <cstddef>
#include <span>
#include <string>

namespace CLI {
class App;
class Error;
class Validator;
}  // namespace CLI

namespace trafficd {

/// One line that names the command or option that was probably meant; a failure message for CLI::App.
std::string command_line_fault(const CLI::App* app, const CLI::Error& error);

/// One line where a word of the command line is `--name=` with nothing behind it, else nothing: CLI11 takes it for
/// `--name`, and then the next word for its value.
std::string empty_value_fault(std::span<const char* const> words);

/// A whole number that is no less.
CLI::Validator at_least(std::size_t least);

}  // namespace trafficd
