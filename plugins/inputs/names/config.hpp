#pragma once
// What a user can set on the input; the defaults are where Debian has these files.

#include <string>
#include <vector>

#include "resolver.hpp"
#include "trafficd/plugin.hpp"

namespace trafficd::names {

struct Config {
  std::string file;
  std::string ethers = "/etc/ethers";
  std::string leases = "/var/lib/misc/dnsmasq.leases";
  std::string hosts = "/etc/hosts";
  std::string vendors = "/usr/share/ieee-data";
  bool neighbours = true;
  std::vector<std::string> interfaces;
  bool dns = false;
  std::vector<std::string> dns_servers;
  int max_devices = 4096;
  Duration forget = std::chrono::hours(24);
  std::string root;
};

inline std::string servers_fault(const Config& config) {
  for (const std::string& server : config.dns_servers)
    if (std::string fault = server_fault(server); !fault.empty()) return fault;
  return "";
}

inline Options<Config> options() {
  return Options<Config>{}
      .add("file", &Config::file,
           "A file of your own: lines with a MAC or IP address and a name; it goes before all else. Below the state "
           "folder when relative.")
      .existing_path()
      .add("ethers", &Config::ethers, "Names of MAC addresses, as in ethers(5); empty: not read.")
      .existing_path()
      .add("leases", &Config::leases, "The lease file of dnsmasq; empty: not read.")
      .existing_path()
      .add("hosts", &Config::hosts, "Names of IP addresses, as in hosts(5); empty: not read.")
      .existing_path()
      .add("vendors", &Config::vendors, "The folder of Debian's ieee-data; empty: no vendors.")
      .existing_path()
      .add("neighbours", &Config::neighbours, "Whether the kernel's neighbour table tells devices and their addresses.")
      .add("interfaces", &Config::interfaces,
           "Globs of the interfaces whose neighbours count. Not given: those of all interfaces.")
      .patterns(OptionDoc::Fits::anything)
      .not_empty()
      .add("dns", &Config::dns, "Whether reverse DNS is asked for names that no file has.")
      .add("dns_servers", &Config::dns_servers,
           "Servers to ask, as `192.168.1.1` or `127.0.0.1:5353`. Not given: those of /etc/resolv.conf.")
      .not_empty()
      .check(servers_fault)
      .add("max_devices", &Config::max_devices, "The most devices that are told; those beyond are counted.")
      .range(&Config::max_devices, 1, 1'000'000)
      .add("forget", &Config::forget, "A device that no source has had for so long is forgotten.")
      .range(&Config::forget, std::chrono::minutes(1), std::chrono::hours(24 * 365))
      .add("root", &Config::root,
           "A folder with an etc, a usr and a var of its own, to be read in place of this machine's; the file "
           "neighbours "
           "in it is the kernel's recorded answer. For tests.")
      .existing_path();
}

}  // namespace trafficd::names
