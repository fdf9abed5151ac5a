#pragma once
// What a user can set on the input, with the interfaces that nobody wants to see by default.

#include <string>
#include <vector>

#include "trafficd/plugin.hpp"

namespace trafficd::interface {

struct Config {
  std::vector<std::string> match;
  std::vector<std::string> ignore{"veth*",    "docker*", "br-*",    "virbr*",   "tap*",    "vnet*",  "lxc*", "cali*",
                                  "flannel*", "cni*",    "podman*", "ifb*",     "dummy*",  "tunl0",  "sit0", "gre0",
                                  "gretap0",  "erspan0", "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0"};
  bool loopback = false;
  bool all_counters = false;
  std::string root;
};

inline Options<Config> options() {
  return Options<Config>{}
      .add("match", &Config::match,
           "Globs of interface names: exactly these are watched. Not given: every interface that is not ignored.")
      .patterns(OptionDoc::Fits::anything)
      .not_empty()
      .add("ignore", &Config::ignore,
           "Globs of interface names that are left out. The default list only counts when `match` is not given; a list "
           "of your own replaces it and wins over `match`.")
      .patterns(OptionDoc::Fits::anything)
      .add("loopback", &Config::loopback,
           "Watch the loopback interface too; one that `match` names without a wildcard is always watched.")
      .add_choice("counters", &Config::all_counters, {{"basic", false}, {"all", true}},
                  "`all` adds the kernel's other counters, as the measurement `interface_detail`.")
      .add("root", &Config::root,
           "A folder with a sys and a proc of its own, to be read in place of this machine's. For tests.")
      .existing_path();
}

}  // namespace trafficd::interface
