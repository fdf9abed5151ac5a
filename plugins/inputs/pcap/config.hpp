#pragma once
// What a user says of a capture.

#include <optional>
#include <string>
#include <vector>

#include "accountant.hpp"
#include "http.hpp"
#include "live_capture.hpp"
#include "remotes.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::pcap_input {

/// Private, shared and link-local networks: RFC 1918, 6598, 3927, 1122, 4193 and 4291.
std::vector<Network> usual_networks();

struct Config {
  std::vector<std::string> interfaces, files;
  std::string filter;
  ByteSize buffer{2 * 1024 * 1024};
  std::optional<int> snap_length;
  bool promiscuous = true;
  Direction direction = Direction::both;
  std::vector<Network> networks = usual_networks();
  std::vector<std::string> gateways;
  std::uint64_t max_rows = 9'000;
  bool protocols = false;
  std::uint64_t remotes = 0, max_remotes = 65'536;
  RemoteNaming remote_addresses = RemoteNaming::clear;
  HttpSettings http{.on = false};  // on where the block is there
};

Options<Config> options();

/// `config` is checked.
AccountantSettings accountant_settings(const Config& config);
RemoteSettings remote_settings(const Config& config);
LiveSettings live_settings(const Config& config, const std::string& interface);

}  // namespace trafficd::pcap_input
