#pragma once
// A secret of this installation, in a file that nobody else can read.

#include <filesystem>
#include <string>

#include "trafficd/status.hpp"

namespace trafficd::pcap_input {

/// The secret in that file, made when there is none: random bytes, as many as a key of libsodium's generic hash has.
/// An error when it can neither be read nor made.
Result<std::string> secret_in(const std::filesystem::path& file);

}  // namespace trafficd::pcap_input
