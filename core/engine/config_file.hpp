#pragma once
// Reads a configuration file into plain nodes with their places. The only file that knows the YAML library. It takes
// less than YAML allows (no duplicate keys, no merges, no tags, one document) and bounds whatever a file can make it
// hold.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "engine/config_text.hpp"
#include "trafficd/config_node.hpp"

namespace trafficd {

/// What a file may hold at most, aliases expanded.
struct ConfigLimits {
  static constexpr std::size_t file_size = 4 << 20;
  static constexpr std::size_t nodes = 100'000;
  static constexpr std::size_t depth = 64;
  static constexpr std::size_t key_size = 256;
  static constexpr std::size_t text_size = 1 << 20;    ///< of one scalar, environment references replaced
  static constexpr std::size_t total_size = 64 << 20;  ///< of all texts and paths
};

/// The file's content as one node; every fault is added to `problems`. A null node when nothing could be read. It may
/// be a pipe, of a shell's <(command): `patience` is how long to wait for each part of it; none: as long as it takes.
ConfigNode read_config_file(const std::filesystem::path& file, Problems& problems,
                            std::optional<std::chrono::milliseconds> patience = {},
                            const Environment& environment = process_environment);

/// The same for a text; `name` stands for the file in messages. In scalars `${NAME}` is replaced from the environment,
/// `${NAME:-text}` with a text for the case that it is unset or empty; `$${` is a plain `${`.
ConfigNode parse_config(std::string_view text, const std::string& name, Problems& problems,
                        const Environment& environment = process_environment);

}  // namespace trafficd
