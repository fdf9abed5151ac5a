#pragma once
// What a plugin file is, told from the outside and by the head of an ELF file: so that a refusal says what stands there
// instead of a library, and nothing that is damaged is read any further.

#include <filesystem>
#include <string>

namespace trafficd {

/// Why it is no whole library for this machine, one line that begins with the file; empty when it is one. Opens regular
/// files only, and never waits for one.
std::string form_fault(const std::filesystem::path& file);

}  // namespace trafficd
