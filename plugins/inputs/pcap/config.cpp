#include "config.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace trafficd::pcap_input {

namespace {

/// Bytes of a packet: as far as the headers go that devices are counted by, and more than any packet has.
constexpr int headers = 128, whole_packets = 262'144;

/// `02:aa:00:00:00:01`, with colons or hyphens.
std::optional<std::uint64_t> read_hardware(std::string_view text) {
  std::uint8_t bytes[6];
  if (text.size() != 17) return {};
  for (std::size_t i = 0; i < 6; ++i) {
    const char* const digits = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(digits, digits + 2, bytes[i], 16);
    if (error != std::errc{} || end != digits + 2) return {};
    if (i < 5 && digits[2] != ':' && digits[2] != '-') return {};
  }
  return packet::load48(bytes);
}

std::string source_fault(const Config& config) {
  if (config.interfaces.empty() && config.files.empty())
    return "say where the packets come from: 'interface: eth0' (`ip link` lists them), or 'file: recorded.pcap'";
  if (!config.interfaces.empty() && !config.files.empty())
    return "give either 'interface' or 'file': a recording and a live capture are two inputs";
  return {};
}

std::string interface_fault(const Config& config) {
  for (const std::string& each : config.interfaces) {
    if (each.empty()) return "an interface has a name";
    if (std::ranges::count(config.interfaces, each) > 1) return concat("names '", printable(each), "' twice");
  }
  return {};
}

std::string files_fault(const Config& config) {
  if (std::ranges::count(config.files, "-") > 1) return "standard input can be read once";
  return std::ranges::count(config.files, "") > 0 ? "a file has a name" : "";
}

std::string gateways_fault(const Config& config) {
  for (const std::string& each : config.gateways)
    if (!read_hardware(each))
      return concat("'", printable(each), "' is no hardware address: write it as 02:aa:00:00:00:01");
  return config.gateways.size() > Accountant::most_gateways ? "are more than can be" : "";
}

void add_source(Options<Config>& options) {
  options.add("interface", &Config::interfaces, "The interface to watch, or several; `any` is all of them.")
      .check(interface_fault)
      .add("file", &Config::files,
           "Recorded captures to read instead, one after the other: pcap or pcapng, also compressed by gzip; `-` is "
           "standard input.")
      .check([](const Config& config) {
        const std::string fault = files_fault(config);
        return fault.empty() ? source_fault(config) : fault;
      })
      .add("filter", &Config::filter, "Only packets that fit, in the syntax of pcap-filter(7), as `not port 22`.")
      .check([](const Config& config) { return filter_fault(config.filter); })
      .add("promiscuous", &Config::promiscuous, "See frames that are not for this machine, too.")
      .add_choice("direction", &Config::direction,
                  {{"both", Direction::both}, {"in", Direction::in}, {"out", Direction::out}},
                  "Packets that this machine receives, sends, or both.")
      .add("buffer", &Config::buffer,
           "What the kernel keeps for us while we are busy, for each interface; it counts as our memory.")
      .range(&Config::buffer, ByteSize{512 * 1024}, ByteSize{1 << 30})
      .add("snap_length", &Config::snap_length,
           "Bytes kept of each packet. Left out: 128, and all of them where `http` is there.")
      .range(&Config::snap_length, 64, whole_packets);
}

void add_accounting(Options<Config>& options) {
  options
      .add("networks", &Config::networks,
           "Addresses on our side. Those of the interface itself, and IPv6 prefixes that are seen in use, are added.")
      .add("gateways", &Config::gateways,
           "Hardware addresses of gateways, which are no devices that use the internet. None: who carries packets of "
           "the internet is one.")
      .check(gateways_fault)
      .add("max_rows", &Config::max_rows,
           "Rows of the table, one for each device, family and scope, for each interface; when it is full, the rest "
           "is counted as `other`. More than `max_series` can be counted, but not told.")
      .range(&Config::max_rows, 16, 10'000'000);
}

void add_guests(Options<Config>& options) {
  options.add("protocols", &Config::protocols, "Count what IP carries, as TCP and UDP, all devices together.")
      .add("remotes", &Config::remotes,
           "How many addresses on the internet to tell of, those with most traffic; the rest is `other`. 0: none.")
      .range(&Config::remotes, 0, 10'000)
      .add_choice(
          "remote_addresses", &Config::remote_addresses,
          {{"clear", RemoteNaming::clear}, {"hashed", RemoteNaming::hashed}, {"left_out", RemoteNaming::left_out}},
          "How they are named: as they are; by a hash that only this installation can make; or not at all, all "
          "of them as `other`.")
      .add("max_remotes", &Config::max_remotes,
           "Addresses on the internet that are counted apart, for each interface, to find those with most traffic.")
      .range(&Config::max_remotes, 16, 1'000'000)
      .check([](const Config& config) {
        const bool enough = config.max_remotes >= 2 * config.remotes;
        return enough ? "" : "is too small: to find the busiest, count at least twice as many as `remotes`";
      })
      .add_block("http", &Config::http, http_options(),
                 "Count requests over HTTP/1 and their answers. Off unless this block is there, as `http: {}`.");
}

}  // namespace

std::vector<Network> usual_networks() {
  std::vector<Network> networks;
  for (const char* each : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
                           "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128"})
    networks.push_back(*parse_network(each));
  return networks;
}

Options<Config> options() {
  Options<Config> all;
  add_source(all);
  add_accounting(all);
  add_guests(all);
  return all;
}

AccountantSettings accountant_settings(const Config& config) {
  AccountantSettings settings{.networks = config.networks, .max_rows = config.max_rows};
  for (const std::string& each : config.gateways) settings.gateways.push_back(*read_hardware(each));
  return settings;
}

RemoteSettings remote_settings(const Config& config) {
  return {.top = config.remotes, .addresses = config.max_remotes, .naming = config.remote_addresses};
}

LiveSettings live_settings(const Config& config, const std::string& interface) {
  return {.interface = interface,
          .filter = config.filter,
          .buffer = config.buffer.bytes,
          .snap_length = config.snap_length.value_or(config.http.on ? whole_packets : headers),
          .promiscuous = config.promiscuous,
          .direction = config.direction};
}

}  // namespace trafficd::pcap_input
